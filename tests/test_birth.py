"""Rules say which cards are born. A card that lives goes on living while its takeaway stands, whatever they say."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

import cards
from cards.identity import ledger_file
from cards.lint.checks import findings
from cards.model import AnkiNote, Cloze
from cards.pipeline.new_order import APART, spaced
from tests.vaults import built, edit, looked, rows, write

BEFORE = Path(__file__).parent / "fixtures" / "before_the_rules"  # notes, and the ledger that the first rules made of them


@pytest.fixture
def upgraded(tmp_path: Path) -> Path:
    """A vault whose ledger was made by the first version of the rules."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for note in BEFORE.glob("*.md"):
        shutil.copy(note, notes)
    write(tmp_path, {"decks/ledger.jsonl": (BEFORE / "ledger.jsonl").read_bytes()})
    return tmp_path


def statuses(report: object) -> Counter[str]:
    return Counter(change.status for change in report.result.changes)  # type: ignore[attr-defined]


def test_new_rules_update_and_retire_nothing(upgraded: Path) -> None:
    before = ledger_file.load((BEFORE / "ledger.jsonl").read_text(encoding="utf-8"))
    report = built(upgraded / "notes", upgraded / "decks", new_ledger=True)
    assert statuses(report).keys() <= {"new"}
    for guid, entry in before.items():
        now = report.result.entries[guid]
        assert now.live
        assert now.mod == entry.mod
        assert {phrase.ordinal for phrase in entry.phrases} <= {phrase.ordinal for phrase in now.phrases}
    assert not statuses(built(upgraded / "notes", upgraded / "decks"))


def test_ordinals_of_a_pair_that_was_two_stay_two(upgraded: Path) -> None:
    report = built(upgraded / "notes", upgraded / "decks", new_ledger=True, keep_cards=True)
    drafts = [card.draft for card in report.result.cards]
    (pair,) = (draft for draft in drafts if isinstance(draft, Cloze) and any(each.text == "depths" for each in draft.deletions))
    assert [each.ordinal for each in pair.deletions] == [1, 2]
    (fresh,) = cards.generate(cards.parse("A chart without **depths** and **distances** is of no use here.", "n.md")).born
    assert isinstance(fresh, Cloze)
    assert [each.ordinal for each in fresh.deletions] == [1, 1]


def test_a_phrase_beside_an_older_one_joins_it(tmp_path: Path) -> None:
    note = write(tmp_path, {"n.md": "A chart without **depths** and distances is of no use here.\n"}) / "n.md"
    built(tmp_path)
    edit(note, "distances", "**distances**")
    (card,) = built(tmp_path, keep_cards=True).result.cards
    assert isinstance(card.draft, Cloze)
    assert [each.ordinal for each in card.draft.deletions] == [1, 1]
    assert card.anki.ordinals == (1,)
    edit(note, "**depths** and ", "**depths**, ropes and ")  # they are no pair any more, and stay one
    (card,) = built(tmp_path, keep_cards=True).result.cards
    assert card.anki.ordinals == (1,)


def test_a_narrower_gap_keeps_its_number(upgraded: Path) -> None:
    report = built(upgraded / "notes", upgraded / "decks", new_ledger=True, keep_cards=True)
    texts = {
        each.text: each.ordinal
        for card in report.result.cards
        if isinstance(card.draft, Cloze)
        for each in card.draft.deletions
    }
    assert texts["an average of $2.5 million per year"] == 1


def test_a_refresh_retires_what_the_rules_refuse(upgraded: Path) -> None:
    report = built(upgraded / "notes", upgraded / "decks", new_ledger=True)
    living = sum(entry.live for entry in report.result.entries.values())
    report = built(upgraded / "notes", upgraded / "decks", refresh=True, retire=True)
    assert statuses(report)["retired"] > 5
    assert sum(entry.live for entry in report.result.entries.values()) < living
    assert len(looked(upgraded / "notes", upgraded / "other").cards) == sum(
        each.live for each in report.result.entries.values()
    )


def test_lint_names_what_outlives_the_rules(upgraded: Path) -> None:
    built(upgraded / "notes", upgraded / "decks", new_ledger=True)
    result = looked(upgraded / "notes", upgraded / "decks", keep_notes=True)
    found = [each for each in findings(result.notes, result.problems, result.cards) if each.code == "C023"]
    assert {each.line for each in found if each.note.startswith("The bar")} >= {10, 12, 18, 56}


TITLED = "---\ntitle: {}\n---\n- Fishers fear **the winter storms** of this coast more than its rocks.\n"


def test_a_title_that_gives_a_gap_away_later_costs_no_card(tmp_path: Path) -> None:
    note = write(tmp_path, {"n.md": TITLED.format("The coast")}) / "n.md"
    (entry,) = built(tmp_path).result.entries.values()
    edit(note, "The coast", "Winter storms of the coast")
    (later,) = built(tmp_path).result.entries.values()
    assert (later.guid, later.live, later.mod) == (entry.guid, True, entry.mod)
    assert not rows("list", tmp_path, "-o", tmp_path / "other")


@pytest.mark.parametrize("heading", ["References", "Open questions"])
def test_a_heading_that_is_renamed_costs_no_card(heading: str, tmp_path: Path) -> None:
    note = write(tmp_path, {"n.md": "## The bar\n- **Depth:** four fathoms\n"}) / "n.md"
    built(tmp_path)
    edit(note, "The bar", heading)
    report = built(tmp_path, keep_skipped=True)
    assert [entry.live for entry in report.result.entries.values()] == [True]
    assert not report.result.skipped
    edit(note, "four", "five")  # its takeaway is still its own
    assert statuses(built(tmp_path)) == {"updated": 1}


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("- **Depth:** four fathoms", "- **Depth:** four fathoms %% no-card %%"),
        ("- **Depth:** four fathoms", "- [ ] **Depth:** four fathoms"),
        ("- **Depth:** four fathoms", "- ~~**Depth:** four fathoms~~"),
        ("- **Depth:** four fathoms", "---\ncards: false\n---\n- **Depth:** four fathoms"),
        ("- **Depth:** four fathoms", "nothing"),
    ],
)
def test_what_the_author_does_not_want_retires(was: str, now: str, tmp_path: Path) -> None:
    note = write(tmp_path, {"n.md": f"{was}\n"}) / "n.md"
    built(tmp_path)
    note.write_text(f"{now}\n", encoding="utf-8")
    assert statuses(built(tmp_path)) == {"retired": 1}


def test_a_retired_card_does_not_come_back_against_a_rule(tmp_path: Path) -> None:
    note = write(tmp_path, {"n.md": "## The bar\n- **Depth:** four fathoms\n"}) / "n.md"
    built(tmp_path)
    note.write_text("nothing\n", encoding="utf-8")
    built(tmp_path)
    note.write_text("## References\n- **Depth:** four fathoms\n", encoding="utf-8")
    report = built(tmp_path, keep_skipped=True)
    assert not report.result.cards
    assert [entry.live for entry in report.result.entries.values()] == [False]
    assert [each.reason for each in report.result.skipped] == ["the section “References” holds no takeaways"]


# ------------------------------------------------------------------------------------------------------------- settings


def test_twins_come_back_by_a_setting(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": "- **Neap tide:** it follows **the half moon** by two days.\n", "cards.toml": "twins = true\n"})
    assert [card["kind"] for card in rows("list", tmp_path)] == ["qa", "cloze"]


@pytest.mark.parametrize(("cue", "shown"), [("Tell", ['data-cue="Tell"', 'data-cue="Tell"']), ("", [])])
def test_the_cue_is_as_the_settings_say(cue: str, shown: list[str], tmp_path: Path) -> None:
    note = "- **Depth:** four fathoms\n- **Breite:** ein Kabel\n"
    write(tmp_path, {"n.md": note, "cards.toml": f'cue = "{cue}"\n'})
    fronts = [card.fields[0] for card in built(tmp_path, keep_cards=True).result.cards]
    assert [f'data-cue="{cue}"' for front in fronts if f'data-cue="{cue}"' in front] == shown
    assert all(("label" in front) == bool(cue) for front in fronts)


@pytest.mark.parametrize(
    ("head", "cue"),
    [("", ""), ("---\nlang: de\n---\n", 'data-cue="Erkläre"'), ("---\nlang: ja\n---\n", 'data-cue="説明"')],
)
def test_the_cue_speaks_the_language_of_the_note(head: str, cue: str, tmp_path: Path) -> None:
    write(tmp_path, {"n.md": f"{head}- **Depth:** four fathoms\n"})
    (card,) = built(tmp_path, keep_cards=True).result.cards
    assert cue in card.fields[0]
    assert ("data-cue" in card.fields[0]) == bool(cue)


# ------------------------------------------------------------------------------------------------------------- order


def note(guid: str, kind: str, deck: str = "D") -> AnkiNote:
    fields = ("x",) * 8
    return AnkiNote(guid=guid, kind=kind, deck=deck, tags=(), fields=fields, ordinals=(1,), media=(), mod=1)  # type: ignore[arg-type]


def test_a_cloze_waits_for_twenty_new_cards() -> None:
    notes = [each for n in range(40) for each in (note(f"q{n}", "qa"), note(f"c{n}", "cloze"))]
    found = [each.guid for each in spaced(notes, lambda each: ("n.md", int(each.guid[1:])))]
    places = {guid: place for place, guid in enumerate(found)}
    assert sorted(found) == sorted(each.guid for each in notes)
    assert [guid for guid in found if guid[0] == "q"] == [f"q{n}" for n in range(40)]
    for n in range(19):
        assert places[f"c{n}"] - places[f"q{n}"] > APART


def test_decks_are_learned_apart() -> None:
    notes = [note("q0", "qa"), note("c0", "cloze"), *(note(f"q{n}", "qa", "Other") for n in range(1, 40))]
    found = [each.guid for each in spaced(notes, lambda each: ("n.md", int(each.guid[1:])))]
    assert found[-1] == "c0"


def test_a_cloze_without_a_question_waits_for_nothing() -> None:
    notes = [note("q0", "qa"), note("c1", "cloze"), note("c0", "cloze")]
    found = [each.guid for each in spaced(notes, lambda each: ("n.md", int(each.guid[1:])))]
    assert found == ["q0", "c1", "c0"]

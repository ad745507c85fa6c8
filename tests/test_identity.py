"""Stories of edits: what is kept, what is new, what is retired."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from cards.identity import ledger_file
from cards.identity.fingerprint import FIRST_MOD
from cards.identity.ledger import Ledger
from cards.identity.similarity import ACROSS, Features, score
from cards.model import marked_text
from cards.pipeline.build import collect
from cards.pipeline.report import Result
from tests.vaults import configured, write

STORIES = Path(__file__).parent / "stories.md"
_STORY = re.compile(r"^=== (?P<title>[^\n]+)\n(?P<body>.*?)(?=^=== |\Z)", re.M | re.S)
NOW = FIRST_MOD + 1000


def stories() -> list[ParameterSet]:
    return [pytest.param(match, id=match["title"]) for match in _STORY.finditer(STORIES.read_text(encoding="utf-8"))]


def write_notes(folder: Path, text: str) -> None:
    """The notes of one part of a story: `@ path` begins each, without it there is one."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in re.split(r"^@ ", text if text.startswith("@ ") else f"@ n.md\n{text}", flags=re.M)[1:]:
        name, _, body = part.partition("\n")
        write(folder, {name.strip(): body})


def collected(folder: Path, known: Ledger, now: int) -> Result:
    return collect(configured(folder, folder.parent / "decks"), known, now)


def outcome(before: Ledger, after: Result) -> list[str]:
    """A line a card: what it is now, and where it stands."""
    status = {change.entry.guid: change for change in after.changes}
    lines = []
    for card in after.cards:
        change = status.get(card.guid)
        what = change.status if change else "kept"
        why = f" ({', '.join(change.reasons)})" if change and change.reasons and what != "new" else ""
        emptied = f" empties {', '.join(f'c{n}' for n in change.emptied)}" if change and change.emptied else ""
        lines.append(f"{what} {card.draft.kind} {marked_text(card.draft)}{why}{emptied}")
    retired = [entry for guid, entry in after.entries.items() if entry.retired and before.get(guid, entry).live]
    return lines + sorted(f"retired {entry.kind} {entry.ask or entry.text}" for entry in retired)


@pytest.mark.parametrize("story", stories())
def test_story(story: re.Match[str], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    *parts, expected = re.split(r"^>>>\n", story["body"], flags=re.M)
    known: Ledger = {}
    for step, part in enumerate(parts):
        write_notes(tmp_path / "notes", part)
        before = known
        after = collected(tmp_path / "notes", before, NOW + step)
        known = after.entries
        check(before, after, NOW + step)
    given = outcome(before, after)
    if request.config.getoption("--rewrite"):
        text = STORIES.read_text(encoding="utf-8")
        written = f"=== {story['title']}\n" + ">>>\n".join([*parts, "".join(f"{line}\n" for line in given) + "\n"])
        STORIES.write_text(text.replace(story[0], written), encoding="utf-8")
    else:
        assert given == expected.strip().splitlines()


def check(before: Ledger, after: Result, now: int) -> None:
    """What holds after every edit."""
    guids = [card.guid for card in after.cards]
    assert len(set(guids)) == len(guids)
    assert set(before) <= set(after.entries)
    for card in after.cards:
        old, new = before.get(card.guid), after.entries[card.guid]
        assert new.live
        assert card.anki.mod == new.mod
        if old is None:
            assert (new.mod, new.born) == (FIRST_MOD, now)
            continue
        assert new.kind == old.kind
        assert new.mod == (old.mod if old.content == new.content else max(now, old.mod + 1))
        assert new.parts == old.parts or new.mod > old.mod
        assert {each.ordinal for each in old.phrases} <= {each.ordinal for each in new.phrases}
    assert ledger_file.load(ledger_file.dump(after.entries.values())) == after.entries


def _guids(folder: Path, known: Ledger, text: str, now: int = NOW) -> tuple[dict[tuple[str, int], str], Ledger]:
    """The guid of each `qa` by note and line, and the ledger."""
    write_notes(folder / "notes", text)
    after = collected(folder / "notes", known, now)
    cards = [card for card in after.cards if card.kind == "qa"]
    return {(card.draft.place.note, card.draft.place.line): card.guid for card in cards}, after.entries


TWIN = "- **Depth:** four fathoms at the outer buoy, two at the pier\n"


def test_of_equal_cards_the_edited_one_stays_where_it_is(tmp_path: Path) -> None:
    before, known = _guids(tmp_path, {}, f"@ a copy.md\n{TWIN}@ a.md\n{TWIN}@ b.md\n- **Tide:** low\n")
    edited = TWIN.replace("outer", "inner")
    # one of the two is edited, the other one moves to a third note
    after, _ = _guids(tmp_path, known, f"@ a copy.md\n{edited}@ a.md\nnothing\n@ b.md\n- **Tide:** low\n{TWIN}")
    assert after["a copy.md", 1] == before["a copy.md", 1]
    assert after["b.md", 2] == before["a.md", 1]


def test_of_equal_cards_in_one_note_each_keeps_its_place(tmp_path: Path) -> None:
    before, known = _guids(tmp_path, {}, f"# Sea\n{TWIN}- **Tide:** low\n{TWIN}")
    # the title changes, so no breadcrumb tells them apart, and the first one is edited
    after, _ = _guids(tmp_path, known, f"# Ocean\n{TWIN.replace('outer', 'inner')}- **Tide:** low\n{TWIN}")
    assert after == before


@pytest.mark.parametrize("there", ["a.md", "b.md"])
@pytest.mark.parametrize(
    "steps",
    [
        [("each spring", "each spring"), ("", "every spring")],
        [("each spring", "each spring"), ("each spring", "every spring"), ("", "every spring")],
        [("each spring", "each spring"), ("each spring", "every spring"), ("", "every warm spring")],
        [
            ("each spring", "each spring"),
            ("each spring", "every spring"),
            ("each spring", "every warm spring"),
            ("", "any warm spring"),
        ],
        [("each spring", "each spring"), ("", "each spring"), ("", "every spring")],
    ],
)
def test_what_was_copied_edited_and_cut_keeps_its_history(there: str, steps: list[tuple[str, str]], tmp_path: Path) -> None:
    slate = "- **Quarry:** the slate comes from the upper quarry {}.\n"
    notes = {"a.md": slate.format("each spring"), "b.md": "- **Well:** it has no bucket\n"}
    guids, known = _guids(tmp_path, {}, "".join(f"@ {name}\n{text}" for name, text in notes.items()))
    original = guids["a.md", 1]
    for now, (old, copy) in enumerate(steps, NOW + 1):
        texts = {"a.md": slate.format(old) if old else "nothing\n", "b.md": notes["b.md"]}
        texts[there] += slate.format(copy)
        guids, known = _guids(tmp_path, known, "".join(f"@ {name}\n{text}" for name, text in texts.items()), now)
    assert guids[there, 2] == original
    assert [guid for guid, entry in known.items() if entry.ask == "quarry" and entry.live] == [original]


FIRST = "Where the northern channel carries salt to the harbour, no pilot asks why the old lamp burns at noon in winter."
LIST = f"## Takeaways\n- {FIRST}\n- Sand moves with every storm that comes from the west.\n"


def test_a_list_does_not_pass_to_its_first_item(tmp_path: Path) -> None:
    before, known = _guids(tmp_path, {}, LIST)
    after, _ = _guids(tmp_path, known, LIST.replace(FIRST, f"**Lamps at noon:** {FIRST}"))
    assert len(before) == len(after) == 1
    assert set(before.values()).isdisjoint(after.values())


def test_another_takeaway_in_the_place_of_one_that_went_is_new(tmp_path: Path) -> None:
    around = "- **First:** one\n{}- **Last:** nine\n"
    gone = "- **What the pilots did:** they marked the narrow channel with red buoys before the winter storms came\n"
    new = "- **What the harbour did:** it bought the northern bank from the crown after the second storm\n"
    before, known = _guids(tmp_path, {}, around.format(gone))
    after, _ = _guids(tmp_path, known, around.format(new))
    assert before["n.md", 2] != after["n.md", 2]
    assert before["n.md", 1] == after["n.md", 1]


def test_a_phrase_that_two_sentences_share_brings_none_back_from_elsewhere() -> None:
    """Where no place speaks for a sentence, its frame and a phrase do not either: it would take over the reviews of another."""
    old = Features("", "the hidden harbour takes the northern pilot by the end of the week", ("by the end",))
    new = Features("", "the narrow river takes the oldest keel by the end of the week", ("by the end",))
    assert score(old, new) > score(old, new, elsewhere=True)
    assert score(old, new, elsewhere=True) < ACROSS
    edited = Features("", "the hidden harbour takes the northern pilots by the end of a week", ("by the end",))
    assert score(old, edited, elsewhere=True) >= ACROSS

"""Decks in the real Anki: what is imported, what each card shows, and that no text breaks a cloze."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cards.anki.field_text import words_of
from cards.identity.changes import search
from cards.identity.fingerprint import FIRST_MOD
from tests.strategies import NOTE
from tests.vaults import EXAMPLES, built, write

anki_run = pytest.importorskip("tests.anki_run")

NASTY = {
    "braces": "the sum **a }} b** is in the book of sums",
    "colons": "the name **std::vector** is in the book of names",
    "code": "the code **`map<int, std::vector<int>>{{1}}`** is in the book of code",
    "maths": "the term **$\\frac{a}{b^{2}}$** is in the book of terms",
    "display": "the term **$$x^{2^{3}}$$** is in the book of terms",
    "literal": "the text {{c1:: alone and `{{c2::x}}` **stands here {{c3:: plainly** in the book",
    "template": "on {{date}} the **door was open** to {{FrontSide}} and {{#Text}}",
    "nested": "the ***very* deep `}}`** and ==**the** wide== in the book",
    "html": "the <b>old</b> <script>alert(1)</script> **<i>door</i> & wall** is open",
    "control": "the \x07bell\x1f rang **twice \x00 at noon** for all of us",
    "rtl": "الربان يعرف **كل ضفة رملية }} باسمها** ولا ينظر",
    "emoji": "the 👩‍👩‍👧‍👦 family **🏳️‍🌈 a::b::c flag** is on the house",
    "nfd": "the cafe\u0301 has **a cre\u0300me bru\u0302le\u0301e** on the menu today",
    "tags": "the [sound:x.mp3] and **[latex]x[/latex] tag** and \\\\(y\\\\) are text",
    "ends": "the set **{1, {2}}** is in the book of sets",
}


def deck_of(folder: Path, notes: dict[str, str]) -> Path:
    write(folder / "notes", {f"{name}.md": text for name, text in notes.items()})
    (written,) = built(folder / "notes", folder / "decks").decks
    return written.path


@contextmanager
def imported(folder: Path, package: Path) -> Iterator[Any]:
    with anki_run.collection(folder / "anki") as opened:
        anki_run.import_deck(opened, package)
        yield opened


def test_the_examples_in_anki(tmp_path: Path) -> None:
    report = built(EXAMPLES, tmp_path / "decks", keep_cards=True)
    with anki_run.collection(tmp_path / "anki") as opened:
        for written in report.decks:
            assert anki_run.import_deck(opened, written.path) == {"new": sum(written.counts.values())}
        wanted = sum(len(card.anki.ordinals) for card in report.result.cards)
        assert opened.card_count() == wanted
        decks = {deck.name for deck in opened.decks.all_names_and_ids()}
        assert {"Podcasts", "Lectures", "Reading::Essays"} <= decks
        for _, question, answer in anki_run.sides(opened):
            assert anki_run.shown(question)
            assert "{{" not in anki_run.shown(answer)
        assert anki_run.healthy(opened) == []
        for written in report.decks:
            assert anki_run.import_deck(opened, written.path) == {"duplicate": sum(written.counts.values())}


def test_an_edit_in_anki_outlives_a_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault, decks = tmp_path / "vault", tmp_path / "decks"
    write(vault, {"Sea.md": "# Sea\n- **Depth:** four fathoms at the buoy\n- **Width:** a cable\n"})
    (deck,) = built(vault, decks).decks
    with anki_run.collection(tmp_path / "anki") as opened:
        anki_run.import_deck(opened, deck.path)
        for note in map(opened.get_note, opened.find_notes("")):
            note["Extra"] = "four fathers in a boat"
            opened.update_note(note)
        opened.db.execute("update notes set mod = ?", FIRST_MOD + 1)  # Anki's clock is the real one
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(FIRST_MOD + 2))
        (vault / "Sea.md").write_text(
            "# Ocean\n- **Depth:** four fathoms at the buoy\n- **Width:** a league\n", encoding="utf-8"
        )
        (vault / "Sea.md").rename(vault / "Ocean.md")
        report = built(vault.rename(tmp_path / "renamed"), decks)
        assert [(change.status, change.reasons[:1]) for change in report.result.changes] == [
            ("moved", ()),
            ("updated", ("text",)),
        ]
        assert anki_run.import_deck(opened, deck.path) == {"duplicate": 1, "updated": 1}
        extra = {anki_run.shown(note["Front"]): note["Extra"] for note in map(opened.get_note, opened.find_notes(""))}
    assert extra == {"Depth": "four fathers in a boat", "Width": ""}


@pytest.mark.parametrize("name", NASTY)
def test_no_text_breaks_a_cloze(name: str, tmp_path: Path) -> None:
    package = deck_of(tmp_path, {"note": NASTY[name]})
    with imported(tmp_path, package) as opened:
        drawn = anki_run.sides(opened)
        assert drawn
        for _, question, answer in drawn:
            shown = anki_run.shown(question)
            assert shown.count("[...]") in (1, 2), shown  # two that are a pair
            whole = "".join(anki_run.shown(answer).split())
            rest = "".join(shown.split()).split("[...]")
            # what stands around the gap stands around the phrase, too: nothing leaked out of the cloze
            assert whole.startswith(rest[0].removesuffix("\u2066")), (shown, whole)
            assert rest[-1][:20] in whole
        assert anki_run.healthy(opened) == []


def test_the_phrase_is_hidden_and_shown(tmp_path: Path) -> None:
    package = deck_of(tmp_path, {"note": "the name **std::vector<}}>** is in the book of names"})
    with imported(tmp_path, package) as opened:
        ((_, question, answer),) = anki_run.sides(opened)
        assert anki_run.shown(question) == "note the name [...] is in the book of names"
        assert anki_run.shown(answer).startswith("note the name std::vector<}}> is in the book of names")


def test_five_hundred_deletions(tmp_path: Path) -> None:
    phrases = " and ".join(f"**sand {number}**" for number in range(501))
    package = deck_of(tmp_path, {"note": f"the pilot knows {phrases} by name and by heart."})
    with anki_run.collection(tmp_path / "anki") as opened:
        assert anki_run.import_deck(opened, package) == {"new": 1}
        assert opened.card_count() == 500
        assert anki_run.healthy(opened) == []


def test_typed_deletions_with_hints_and_nesting(tmp_path: Path) -> None:
    package = deck_of(tmp_path, {"note": "- the {{c2::deep {{c1::blue::colour}} sea}} is wide"})
    with imported(tmp_path, package) as opened:
        fronts = [anki_run.shown(question) for _, question, _ in anki_run.sides(opened)]
        assert fronts == ["note the deep [colour] sea is wide", "note the [...] is wide"]


def test_media_are_packed_and_found(tmp_path: Path) -> None:
    write(tmp_path / "notes", {"figures/A wave #1.PNG": b"\x89PNG\r\n\x1a\n", "bell.mp3": "ID3"})
    text = "- **Wave:** ![[A wave #1.PNG|300]] and ![again](figures/A%20wave%20%231.PNG)\n- **Bell:** it rings. ![[bell.mp3]]"
    package = deck_of(tmp_path, {"note": text})
    with imported(tmp_path, package) as opened:
        assert anki_run.healthy(opened) == []
        assert len(list(Path(opened.media.dir()).iterdir())) == 2
        bell = opened.get_card(opened.db.list("select id from cards order by due")[1])
        assert len(bell.render_output().answer_av_tags) == 1


def test_new_cards_come_in_note_order_and_are_found_by_their_ids(tmp_path: Path) -> None:
    package = deck_of(
        tmp_path, {"b": "- **B one:** x\n- **B two:** has **a key phrase** in it. It says more.", "a": "- **A one:** y"}
    )
    with imported(tmp_path, package) as opened:
        fronts = [anki_run.shown(question) for _, question, _ in anki_run.sides(opened)]
        assert fronts == ["a A one", "b B one", "b B two", "b › B two has [...] in it."]
        guids = opened.db.list("select guid from notes")
        assert len(opened.find_notes(search([*guids, *(f"gone{number}" for number in range(9_996))]))) == len(guids)
        for guid in guids:
            assert len(opened.find_cards(f"ID:{guid}")) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NOTE)
def test_whatever_a_note_says_anki_finds_nothing_wrong(tmp_path_factory: pytest.TempPathFactory, note: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    report = built(write(folder / "notes", {"note.md": note}), folder / "decks", keep_cards=True)
    if not report.decks:
        return
    with anki_run.collection(folder / "anki") as opened:
        imported = anki_run.import_deck(opened, report.decks[0].path)
        assert imported == {"new": len(report.result.cards)}
        assert opened.card_count() == sum(len(card.anki.ordinals) for card in report.result.cards)
        assert anki_run.healthy(opened) == []
        for _, question, _ in anki_run.sides(opened):
            assert anki_run.shown(question)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("a <b>gr</b>ey <i>bank</i>", "a grey bank"),
        ("one<br>two<ul><li>three</li></ul><!-- four -->", "one two three"),
        ("at {{c1::two &amp; a half::how many}} fathoms", "at [two & a half::how many] fathoms"),
        (r"\\(\\frac{a}{{b}}\\)", r"\\(\\frac{a}{{b}}\\)"),
    ],
)
def test_the_words_of_a_field(field: str, text: str) -> None:
    assert words_of(field) == text

"""The library: the example of its page runs, and the steps hold what they promise without a vault."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cards

ROOT = Path(__file__).parent.parent
THEN, LATER = 1_800_000_000, 1_800_000_100  # seconds since 1970

NOTE = """\
---
source: https://youtu.be/abcdefghijk
---
# The tides

- **Spring tide:** at new and full moon the sun and the moon pull in one line, so high water is at its highest (1:20).
- A **neap tide** comes a week later, when the two of them pull at **right angles** (2:05 - 2:30).
- The harbour master writes both into a book.
"""


def assigned(
    text: str, ledger: cards.Ledger, path: str = "Tides.md", now: int = THEN
) -> tuple[tuple[cards.Card, ...], cards.Ledger]:
    note = cards.parse(text, path)
    return cards.assign(note, cards.generate(note).drafts, ledger, deck="Sea", now=now)


# --------------------------------------------------------------------------------------------------------- the names


def stubs() -> set[str]:
    """The names that type checkers see."""
    tree = ast.parse((ROOT / "cards" / "__init__.py").read_text(encoding="utf-8"))
    block = next(each for each in tree.body if isinstance(each, ast.If))
    return {alias.asname or alias.name for each in block.body if isinstance(each, ast.ImportFrom) for alias in each.names}


def test_all_promises_agree() -> None:
    assert sorted(cards.__all__) == cards.__all__
    assert set(cards.__all__) == stubs()
    assert {*cards.__all__, "__version__"} == set(dir(cards))


@pytest.mark.parametrize("name", cards.__all__)
def test_each_name_says_what_it_is(name: str) -> None:
    value = getattr(cards, name)
    assert value.__name__ == name
    assert value.__doc__


def test_other_names_are_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pars'"):
        cards.pars  # noqa: B018 - the look-up is the test


def test_import_is_light() -> None:
    code = "import cards, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"markdown_it", "genanki", "sqlite3", "msgspec", "click", "yaml"} & set(ran.stdout.split())


# -------------------------------------------------------------------------------------------------------- the example


def example_of_the_docs() -> str:
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    return str(example)


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "Tides.md").write_text(NOTE, encoding="utf-8")
    code = example_of_the_docs() + "print(len(drafts), len(skipped), report.behind, *(card.guid for card in made))\n"
    said = []
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not ran.stderr
        said.append(ran.stdout.split())
        assert (tmp_path / "Sea.apkg").read_bytes().startswith(b"PK")
        assert {path.name for path in (tmp_path / "decks").iterdir()} == {".gitattributes", "Takeaways.apkg", "ledger.jsonl"}
    (*counts, behind, one, other), again = said
    assert counts == ["2", "1"]
    assert {one, other} == cards.Ledger.load(tmp_path / "ledger.jsonl").keys()
    assert behind == "True"
    assert again == [*counts, "False", one, other]


def test_the_docstring_is_the_example_in_short() -> None:
    calls = re.findall(r"cards\.(\w+)\(", cards.__doc__ or "")
    assert calls == ["parse", "generate", "assign", "export", "build"]
    assert set(calls) <= set(re.findall(r"cards\.(\w+)\(", example_of_the_docs()))


# ---------------------------------------------------------------------------------------------------------- the steps


def test_an_edited_takeaway_keeps_its_card() -> None:
    first, ledger = assigned(NOTE, cards.Ledger())
    edited = NOTE.replace("at its highest", "highest of all").replace("comes a week later", "follows after seven days")
    second, later = assigned(edited, ledger, now=LATER)
    assert [card.guid for card in second] == [card.guid for card in first]
    assert [card.anki.ordinals for card in second] == [(1,), (1, 2)]
    assert [card.anki.mod for card in second] == [LATER, LATER]
    assert ledger.keys() == later.keys()
    assert assigned(edited, later, now=LATER + 1) == (second, later)


def test_a_takeaway_that_goes_retires_and_comes_back() -> None:
    first, ledger = assigned(NOTE, cards.Ledger())
    before = dict(ledger)
    made, without = assigned("The harbour is closed.\n", ledger, now=LATER)
    assert ledger == before  # the ledger that was given stays as it is
    assert not made
    assert [entry.retired for entry in without.values()] == [LATER, LATER]
    again, back = assigned(NOTE, without, now=LATER + 1)
    assert again == first
    assert all(entry.live for entry in back.values())


def test_other_notes_keep_their_cards() -> None:
    tides, ledger = assigned(NOTE, cards.Ledger())
    other, both = assigned("- **Ebb:** the water falls for six hours.\n", ledger, "Ebb.md", LATER)
    assert both.keys() == {card.guid for card in (*tides, *other)}
    assert all(entry.live for entry in both.values())
    assert not {card.guid for card in tides} & {card.guid for card in other}


def test_a_takeaway_that_moved_keeps_its_card() -> None:
    (first, *_), ledger = assigned(NOTE, cards.Ledger())
    line = next(line for line in NOTE.splitlines(keepends=True) if "Spring" in line)
    _, left = assigned(NOTE.replace(line, ""), ledger, now=LATER)
    (moved,), _ = assigned(line, left, "Moon.md", LATER)
    assert moved.guid == first.guid


def test_tags_are_those_that_anki_takes() -> None:
    note = cards.parse(NOTE, "Tides.md")
    made, _ = cards.assign(note, cards.generate(note).drafts, {}, tags=["sea side", "a/b", "A::B", "marked"])
    assert len(made[0].tags) == 2
    assert {tag.casefold() for tag in made[0].tags} == {"a::b", "sea_side"}


# -------------------------------------------------------------------------------------------------------- the package


def test_the_same_cards_give_the_same_bytes() -> None:
    made, _ = assigned(NOTE, cards.Ledger())
    again, _ = assigned(NOTE, cards.Ledger(), now=LATER)
    assert cards.export(made) == cards.export(again)


def test_the_package_goes_into_the_real_anki(tmp_path: Path) -> None:
    pytest.importorskip("anki.collection", reason="pip install 'takeaway-cards[anki]' to test against the real Anki")
    from tests import anki_run

    made, ledger = assigned(NOTE, cards.Ledger())
    edited, _ = assigned(NOTE.replace("so high water", "and high water"), ledger, now=LATER)
    for name, each in (("first", made), ("edited", edited)):
        (tmp_path / f"{name}.apkg").write_bytes(cards.export(each))
    with anki_run.collection(tmp_path / "anki") as opened:
        assert anki_run.import_deck(opened, tmp_path / "first.apkg") == {"new": 2}
        assert opened.decks.by_name("Sea")
        sides = anki_run.sides(opened)
        assert [guid for guid, *_ in sides] == [made[0].guid, made[1].guid, made[1].guid]
        assert "https://youtu.be/abcdefghijk?t=80s" in sides[0][2]
        assert not anki_run.healthy(opened)
        assert anki_run.import_deck(opened, tmp_path / "edited.apkg") == {"updated": 1, "duplicate": 1}


# --------------------------------------------------------------------------------------------------------- the ledger


def test_a_ledger_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "memory" / "ledger.jsonl"
    assert cards.Ledger.load(path) == {}
    _, ledger = assigned(NOTE, cards.Ledger())
    _, ledger = assigned(NOTE.replace("**right angles**", "right angles"), ledger, now=LATER)
    ledger.save(path)
    content = path.read_bytes()
    loaded = cards.Ledger.load(str(path))
    assert type(loaded) is cards.Ledger
    assert loaded == ledger
    loaded.save(str(path))
    assert path.read_bytes() == content


def test_saving_the_ledger_of_a_build_changes_no_byte(tmp_path: Path) -> None:
    notes, out = tmp_path / "notes", tmp_path / "decks"
    notes.mkdir()
    (notes / "Tides.md").write_text(NOTE, encoding="utf-8")
    assert cards.build(notes, out).behind
    path = out / "ledger.jsonl"
    content = path.read_bytes()
    cards.Ledger.load(path).save(path)
    assert path.read_bytes() == content


def test_damage_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    _, ledger = assigned(NOTE, cards.Ledger())
    ledger.save(path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"angles", b"angels", 1))
    with pytest.raises(cards.CardsError, match=r"ledger\.jsonl:\d+: this line is damaged"):
        cards.Ledger.load(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(cards.CardsError, match=r"ledger\.jsonl:\d+"):
        cards.Ledger.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(cards.CardsError, match="can't be read"):
        cards.Ledger.load(path)


def test_errors_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(cards.CardsError, match=r"can't be read: [\w ]+$"):
        cards.Ledger.load(tmp_path)  # a folder
    with pytest.raises(cards.CardsError, match="no such file or folder"):
        cards.build(tmp_path / "nowhere", tmp_path / "decks")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(cards.CardsError, match="can't be written"):
        cards.Ledger().save(tmp_path / "file" / "ledger.jsonl")

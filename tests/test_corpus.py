"""Over the real notes that stand beside the project, where they do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cards.model import Cloze
from cards.timestamps.times import show
from tests.vaults import built, looked, rows, run, write


def _tool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_note_gives_its_expected_cards(shared: Path, tmp_path: Path) -> None:
    listed = run("list", "--json", shared / "notes")
    cards = write(tmp_path, {"cards.jsonl": listed.stdout}) / "cards.jsonl"
    scored = _tool(shared / "tools/score.py", shared / "notes/expected.json", cards)
    # one gap is still wider than a careful reader marks it: "figure out ways to remove some of the knowledge"
    assert re.search(r"must 2[23]/23 .* unwanted 0 .* wrong 0 missing 0", scored.stdout), scored.stdout
    assert len(listed.stdout.splitlines()) == 23


def test_every_note_is_read(shared: Path, tmp_path: Path) -> None:
    report = built(shared / "corpus", tmp_path, keep_cards=True)
    assert report.result.totals.notes == 80
    guids = [card.guid for card in report.result.cards]
    assert len(set(guids)) == len(guids)
    assert {problem.code for problem in report.result.problems} <= {"frontmatter", "media"}


@pytest.mark.parametrize(
    ("name", "cards", "stamps"),
    [
        ("Ilya Sutskever", 13, 19),
        ("Jakub Pachocki", 8, 17),
        ("Google Antigravity", 14, None),
        ("gloecklers", 11, 11),
        ("were-summoning-ghosts", 12, 0),
        *((name, 0, 0) for name in ("Jeff Dean", "How Gwern", "Focusing is about", "Podcast Episode Template")),
        *((name, 0, 0) for name in ("Second Brain Task", "WG-2026-04-01", "10月16日", "john-mcafee", "Spec-Driven")),
        *((name, 0, 0) for name in ("masculinity-debate", "manson_harsh")),
    ],
)
def test_careful_readers_expect_the_same(shared: Path, name: str, cards: int, stamps: int | None) -> None:
    (path,) = (shared / "corpus").glob(f"*{name}*.md")
    found = [card.draft for card in looked(path, Path("decks")).cards if not isinstance(card.draft, Cloze)]
    assert len(found) == cards
    if stamps is not None:
        assert sum(len(draft.place.stamps) for draft in found) == stamps


@pytest.mark.parametrize("name", ["Monk mode", "_session_4__156", "_session_1__11", "WG-2026"])
def test_no_time_is_invented(shared: Path, name: str) -> None:
    (path,) = (shared / "corpus").glob(f"*{name}*.md")
    cards = looked(path, Path("decks")).cards
    assert [show(stamp) for card in cards for stamp in card.draft.place.stamps] == []


def test_json_lines_are_json(shared: Path) -> None:
    assert all(row["reason"] for row in rows("list", "--skipped", shared / "corpus"))


def test_a_round_trip_is_accepted(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("anki.collection")
    (source,) = (shared / "notes").glob("*.md")
    text = source.read_text(encoding="utf-8")
    edited = text.replace("a decade of work", "a decade of hard work").replace("Hands-on", "Hand-made")
    packages = []
    for number, version in enumerate((text, edited)):
        (written,) = built(write(tmp_path / "notes", {"note.md": version}), tmp_path / "decks").decks
        packages.append(written.path.rename(tmp_path / f"{number}.apkg"))
    for options in ([], ["--merge", "--scheduling"]):
        ran = _tool(shared / "tools/accept.py", "roundtrip", *packages, "--review", "20", *options)
        assert ran.returncode == 0, ran.stdout

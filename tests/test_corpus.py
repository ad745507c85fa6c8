"""Over the real notes that stand beside the project, where they do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cards.model import Cloze
from cards.pipeline.build import build, look
from cards.timestamps.times import show
from cards.vault.config import load


def test_the_note_gives_its_expected_cards(shared: Path, tmp_path: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "cards", "list", "--json", str(shared / "notes")], capture_output=True, text=True, check=True
    )
    cards = tmp_path / "cards.jsonl"
    cards.write_text(listed.stdout, encoding="utf-8")
    scored = subprocess.run(
        [sys.executable, str(shared / "tools/score.py"), str(shared / "notes/expected.json"), str(cards)],
        capture_output=True,
        text=True,
        check=False,
    )
    # one gap is still wider than a careful reader marks it: "figure out ways to remove some of the knowledge"
    assert re.search(r"must 2[23]/23 .* unwanted 0 .* wrong 0 missing 0", scored.stdout), scored.stdout
    assert len(listed.stdout.splitlines()) == 23


def test_every_note_is_read(shared: Path, tmp_path: Path) -> None:
    report = build(load((shared / "corpus",), tmp_path, None, None), keep_cards=True)
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
        ("Jeff Dean", 0, 0),
        ("How Gwern", 0, 0),
        ("Focusing is about", 0, 0),
        ("Podcast Episode Template", 0, 0),
        ("Second Brain Task", 0, 0),
        ("WG-2026-04-01", 0, 0),
        ("10月16日", 0, 0),
        ("john-mcafee", 0, 0),
        ("Spec-Driven", 0, 0),
        ("masculinity-debate", 0, 0),
        ("manson_harsh", 0, 0),
    ],
)
def test_what_careful_readers_expect(shared: Path, name: str, cards: int, stamps: int | None) -> None:
    (path,) = (shared / "corpus").glob(f"*{name}*.md")
    found = [card.draft for card in look(load((path,), None, None, None)).cards if not isinstance(card.draft, Cloze)]
    assert len(found) == cards
    if stamps is not None:
        assert sum(len(draft.place.stamps) for draft in found) == stamps


@pytest.mark.parametrize("name", ["Monk mode", "_session_4__156", "_session_1__11", "WG-2026"])
def test_no_time_is_invented(shared: Path, name: str) -> None:
    (path,) = (shared / "corpus").glob(f"*{name}*.md")
    cards = look(load((path,), None, None, None)).cards
    assert [show(stamp) for card in cards for stamp in card.draft.place.stamps] == []


def test_json_lines_are_json(shared: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cards", "list", "--json", "--skipped", str(shared / "corpus")],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in ran.stdout.splitlines():
        assert json.loads(line)["reason"]


def test_a_round_trip_is_accepted(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("anki.collection")
    notes = tmp_path / "notes"
    notes.mkdir()
    (source,) = (shared / "notes").glob("*.md")
    text = source.read_text(encoding="utf-8")
    packages = []
    for number, version in enumerate(
        (text, text.replace("a decade of work", "a decade of hard work").replace("Hands-on", "Hand-made"))
    ):
        (notes / "note.md").write_text(version, encoding="utf-8")
        (written,) = build(load((notes,), tmp_path / "decks", None, None)).decks
        packages.append(written.path.rename(tmp_path / f"{number}.apkg"))
    for options in ([], ["--merge", "--scheduling"]):
        ran = subprocess.run(
            [sys.executable, str(shared / "tools/accept.py"), "roundtrip", *map(str, packages), "--review", "20", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout

"""A build after a few notes changed is that of a whole build: the same decks and the same ledger, byte for byte."""

from __future__ import annotations

import os
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from cards.model import Note, ParseOptions
from cards.parser import parse
from cards.pipeline import load_notes, state
from cards.pipeline.build import build
from cards.vault import cache
from cards.vault.config import load

TAKEAWAYS = [
    "- **{a} depth:** {b} fathoms at **the {a} buoy** in the bay (1:{n:02}).",
    "- the {a} tide carries **the {b} salt of rivers** to each coast",
    "- **The {a} watch:** ![[{a}.png]] is long and **nobody likes the {b} one** of them",
    "- **Sails of {a}:**\n  - one {b}\n  - **two:** {a} more",
    "- **same in many:** the very **same words in many** notes",
]
WORDS = ["outer", "inner", "red", "green", "northern", "far", "near", "old"]


def _takeaway(rng: random.Random) -> str:
    return rng.choice(TAKEAWAYS).format(a=rng.choice(WORDS), b=rng.choice(WORDS), n=rng.randrange(60))


def _note(rng: random.Random) -> str:
    lines = "\n".join(_takeaway(rng) for _ in range(rng.randrange(0, 5)))
    return f"---\nsource: https://youtu.be/abcdefghijk\ntags: [{rng.choice(WORDS)}]\n---\n## Notes\n{lines}\n"


def _edit(rng: random.Random, vault: Path) -> None:
    """One thing that people do to their notes."""
    notes = sorted(vault.rglob("*.md"))
    note = rng.choice(notes)
    text = note.read_text(encoding="utf-8")
    takeaways = [line for line in text.splitlines() if line.startswith("- ")]
    match rng.randrange(9):
        case 0:
            note.write_text(f"{text}{_takeaway(rng)}\n", encoding="utf-8")
        case 1 if takeaways:
            note.write_text(text.replace(rng.choice(takeaways), ""), encoding="utf-8")
        case 2 if takeaways:
            line = rng.choice(takeaways)
            note.write_text(text.replace(line, line.replace(rng.choice(WORDS), "restless")), encoding="utf-8")
        case 3 if takeaways:  # moved to another note
            line, other = rng.choice(takeaways), rng.choice(notes)
            note.write_text(text.replace(f"{line}\n", ""), encoding="utf-8")
            other.write_text(f"{other.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")
        case 4 if takeaways:  # copied to another note
            other = rng.choice(notes)
            other.write_text(f"{other.read_text(encoding='utf-8')}{rng.choice(takeaways)}\n", encoding="utf-8")
        case 5:
            note.rename(note.with_name(f"{rng.choice(WORDS)} {rng.randrange(99)}.md"))
        case 6 if len(notes) > 4:
            note.unlink()
        case 7:
            (note.parent / f"New {rng.randrange(99)}.md").write_text(_note(rng), encoding="utf-8")
        case _:
            folder = vault / rng.choice(["Far", "Near", "Far/Deep"])
            folder.mkdir(parents=True, exist_ok=True)
            note.rename(folder / note.name)


def _state(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


@pytest.mark.parametrize("seed", range(12))
def test_it_is_that_of_a_whole_build(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    vault = tmp_path / "vault"
    for folder in ("", "Far", "Near"):
        (vault / folder).mkdir(parents=True, exist_ok=True)
        for n in range(5):
            (vault / folder / f"Note {folder}{n}.md").write_text(_note(rng), encoding="utf-8")
    for word in WORDS:
        (vault / f"{word}.png").write_bytes(word.encode())
        os.utime(vault / f"{word}.png", (1_600_000_000, 1_600_000_000))
    short, long = tmp_path / "short", tmp_path / "long"
    ways = 0
    read: list[str] = []

    def noted(text: str, path: str, options: ParseOptions) -> Note:
        read.append(path)
        return parse(text, path, options)

    monkeypatch.setattr(load_notes, "parse", noted)
    for step in range(8):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1_800_000_000 + 1000 * step))
        for path in vault.rglob("*.md"):
            os.utime(path, (1_700_000_000, 1_700_000_000 + step))
        read.clear()
        ran = build(load((vault,), short, None, None))
        ways += 0 < len(read) < ran.result.totals.notes
        shutil.rmtree(cache.folder(long), ignore_errors=True)
        wanted = build(load((vault,), long, None, None))
        assert _state(short) == _state(long), step
        assert ran.result.totals == wanted.result.totals
        assert [(one.path.name, one.counts) for one in ran.decks] == [(one.path.name, one.counts) for one in wanted.decks]
        assert {change.entry.guid: change.status for change in ran.result.changes} == {
            change.entry.guid: change.status for change in wanted.result.changes
        }
        for _ in range(rng.randrange(1, 3)):
            _edit(rng, vault)
    assert ways >= 3  # it was the short way


def test_packages_that_are_not_what_the_ledger_says_are_made_anew(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    (vault / "Far").mkdir(parents=True)
    rng = random.Random(1)
    for n in range(6):
        (vault / "Far" / f"{n}.md").write_text(f"{_note(rng)}- **Only {n}:** x\n", encoding="utf-8")
        (vault / f"{n}.md").write_text(f"{_note(rng)}- **Only {n}:** x\n", encoding="utf-8")
    for word in WORDS:
        (vault / f"{word}.png").write_bytes(word.encode())
        os.utime(vault / f"{word}.png", (1, 1))  # what has just changed is looked at again
    out = tmp_path / "decks"
    config = load((vault,), out, None, None)
    build(config)
    far = out / "Far.apkg"
    older = far.read_bytes()
    (vault / "Far" / "later.md").write_text("- **Later:** a card that was not there before\n", encoding="utf-8")
    build(config)
    before = far.stat()
    far.write_bytes(older)
    with zipfile.ZipFile(far, "a") as package:  # of the same size and time as the one that was there
        package.comment = bytes(before.st_size - len(older))
    os.utime(far, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert far.stat().st_size == before.st_size
    with (vault / "Far" / "0.md").open("a", encoding="utf-8") as note:
        note.write("- **One more:** y\n")
    assert state.changes_since_last_build(config) is not None  # nothing shows
    build(config)
    again = tmp_path / "again"
    shutil.copytree(out, again)
    shutil.rmtree(cache.folder(again), ignore_errors=True)
    assert not [one for one in build(load((vault,), again, None, None)).decks if one.changed]

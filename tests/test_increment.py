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
from cards.vault import cache
from tests.vaults import built, configured, files_in, write

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
    note, other = rng.choice(notes), rng.choice(notes)
    text = note.read_text(encoding="utf-8")
    line = rng.choice([line for line in text.splitlines() if line.startswith("- ")] or [_takeaway(rng)])
    match rng.randrange(9):
        case 0:
            _append(note, _takeaway(rng))
        case 1:
            note.write_text(text.replace(line, ""), encoding="utf-8")
        case 2:
            note.write_text(text.replace(line, line.replace(rng.choice(WORDS), "restless")), encoding="utf-8")
        case 3:  # moved to another note
            note.write_text(text.replace(f"{line}\n", ""), encoding="utf-8")
            _append(other, line)
        case 4:  # copied to another note
            _append(other, line)
        case 5:
            note.rename(note.with_name(f"{rng.choice(WORDS)} {rng.randrange(99)}.md"))
        case 6 if len(notes) > 4:
            note.unlink()
        case 7:
            write(note.parent, {f"New {rng.randrange(99)}.md": _note(rng)})
        case _:
            folder = vault / rng.choice(["Far", "Near", "Far/Deep"])
            folder.mkdir(parents=True, exist_ok=True)
            note.rename(folder / note.name)


def _append(note: Path, line: str) -> None:
    with note.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _pictures(vault: Path) -> None:
    write(vault, {f"{word}.png": word for word in WORDS})
    for path in vault.glob("*.png"):
        os.utime(path, (1_600_000_000, 1_600_000_000))  # what has just changed is looked at again


@pytest.mark.parametrize("seed", range(8))
def test_it_is_that_of_a_whole_build(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    vault = tmp_path / "vault"
    for folder in ("", "Far", "Near"):
        write(vault / folder, {f"Note {folder}{n}.md": _note(rng) for n in range(5)})
    _pictures(vault)
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
        ran = built(vault, short)
        ways += 0 < len(read) < ran.result.totals.notes
        shutil.rmtree(cache.folder(long), ignore_errors=True)
        wanted = built(vault, long)
        assert files_in(short) == files_in(long), step
        assert ran.result.totals == wanted.result.totals
        assert [(one.path.name, one.counts) for one in ran.decks] == [(one.path.name, one.counts) for one in wanted.decks]
        changes = [{one.entry.guid: one.status for one in each.result.changes} for each in (ran, wanted)]
        assert changes[0] == changes[1]
        for _ in range(rng.randrange(1, 3)):
            _edit(rng, vault)
    assert ways >= 3  # it was the short way


def test_packages_that_are_not_what_the_ledger_says_are_made_anew(tmp_path: Path) -> None:
    rng = random.Random(1)
    names = (f"{folder}{n}.md" for n in range(6) for folder in ("Far/", ""))
    vault = write(tmp_path / "vault", {name: f"{_note(rng)}- **Only {name[-4]}:** x\n" for name in names})
    _pictures(vault)
    out = tmp_path / "decks"
    built(vault, out)
    far = out / "Far.apkg"
    older = far.read_bytes()
    write(vault, {"Far/later.md": "- **Later:** a card that was not there before\n"})
    built(vault, out)
    before = far.stat()
    far.write_bytes(older)
    with zipfile.ZipFile(far, "a") as package:  # of the same size and time as the one that was there
        package.comment = bytes(before.st_size - len(older))
    os.utime(far, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert far.stat().st_size == before.st_size
    _append(vault / "Far" / "0.md", "- **One more:** y")
    assert state.changes_since_last_build(configured(vault, out)) is not None  # nothing shows
    built(vault, out)
    again = tmp_path / "again"
    shutil.copytree(out, again)
    shutil.rmtree(cache.folder(again), ignore_errors=True)
    assert not [one for one in built(vault, again).decks if one.changed]

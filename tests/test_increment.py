"""A build after a few notes changed is that of a whole build: the same decks and the same ledger, byte for byte."""

from __future__ import annotations

import os
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cards.pipeline import state
from cards.pipeline.build import build
from cards.pipeline.report import Report
from cards.vault import cache
from cards.vault.config import Config
from tests.vaults import built, configured, files_in, write
from trials import simulated_notes
from trials.simulated_notes import Author, Vault, text_of

WORDS = "outer inner red green".split()
SAME = "- **same in many:** the very **same words in many** notes ![[{}.png]]\n"


def _pictures(vault: Path) -> None:
    write(vault, {f"{word}.png": word for word in WORDS})
    for path in vault.glob("*.png"):
        os.utime(path, (1_600_000_000, 1_600_000_000))  # what has just changed is looked at again


@pytest.mark.parametrize("seed", range(6))
def test_it_is_that_of_a_whole_build(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_notes, "DECKS", 3)
    author, vault, folder = Author(random.Random(seed)), Vault(), tmp_path / "vault"
    for _ in range(12):
        author.new_note(vault)
    short, long = tmp_path / "short", tmp_path / "long"
    short_ways: list[bool] = []
    real = build.__globals__["_build"]

    def noted(config: Config, **given: Any) -> Report:
        report: Report = real(config, **given)
        short_ways.append(given.get("only") is not None)
        return report

    monkeypatch.setitem(build.__globals__, "_build", noted)
    for step in range(8):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1_800_000_000 + 1000 * step))
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, {path: text_of(note) + SAME.format(WORDS[len(path) % 4]) for path, note in vault.notes.items()})
        _pictures(folder)
        for path in folder.rglob("*.md"):
            os.utime(path, (1_700_000_000, 1_700_000_000 + step))
        ran = built(folder, short)
        shutil.rmtree(cache.folder(long), ignore_errors=True)
        wanted = built(folder, long)
        assert files_in(short) == files_in(long), step
        assert ran.result.totals == wanted.result.totals
        assert [(one.path.name, one.counts) for one in ran.decks] == [(one.path.name, one.counts) for one in wanted.decks]
        changes = [{one.entry.guid: one.status for one in each.result.changes} for each in (ran, wanted)]
        assert changes[0] == changes[1]
        for _ in range(author.draw.randint(1, 3)):
            author.edit(vault, [*vault.notes], 4 * step)
    assert sum(short_ways) >= 2


def test_packages_that_are_not_what_the_ledger_says_are_made_anew(tmp_path: Path) -> None:
    names = [f"{folder}{n}.md" for n in range(6) for folder in ("Far/", "")]
    vault = write(tmp_path / "vault", {name: f"- **Only {name}:** x\n{SAME.format('red')}" for name in names})
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
    write(vault, {"Far/0.md": "- **Only this:** x\n- **One more:** y\n"})
    assert state.changes_since_last_build(configured(vault, out)) is not None  # nothing shows
    built(vault, out)
    again = tmp_path / "again"
    shutil.copytree(out, again)
    shutil.rmtree(cache.folder(again), ignore_errors=True)
    assert not [one for one in built(vault, again).decks if one.changed]


def test_a_missing_picture_costs_no_whole_build(tmp_path: Path) -> None:
    vault = write(
        tmp_path / "vault", {"Sea.md": "- **Wave:** it is tall ![[wave.png]]\n", "Land.md": "- **Hill:** it is low\n"}
    )
    out = tmp_path / "decks"
    first = built(vault, out)
    assert [problem.code for problem in first.result.problems] == ["media"]
    changed = state.changes_since_last_build(configured(vault, out))
    assert changed is not None
    assert changed.nothing
    assert built(vault, out).result.problems == first.result.problems
    write(vault, {"Land.md": "- **Hill:** it is high\n"})
    assert built(vault, out).result.problems == first.result.problems
    write(vault, {"wave.png": "not really a picture"})
    assert built(vault, out).result.problems == ()

"""The same cards and bytes with one process and with several, with and without the cache, cold and warm."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cards.pipeline import load_notes
from cards.pipeline.build import build
from cards.vault import cache
from cards.vault.cache import NoteCache
from cards.vault.config import Config
from cards.vault.note_files import VaultFiles
from tests.vaults import CARD, built, configured, files_in, write

SHAPES = [
    "- **{n} depth:** {m} fathoms at **the outer buoy {n}** in the bay (1:{n:02}).",
    "the tide {n} carries **the {m} salt of rivers** to each coast",
    "- a plain one {n}\n  - **under it:** {m}",
    "- {{{{c1::typed {n}}}}} by hand and kept {m}",
    "## Heading {n}",
    "- 第{n}个：把问题拆到**不能再拆的事实**为止。",
]


def _vault(folder: Path, seed: int) -> Path:
    rng = random.Random(seed)
    for n in range(30):
        lines = [rng.choice(SHAPES).format(n=rng.randrange(60), m=rng.randrange(60)) for _ in range(rng.randrange(8))]
        head = "---\nsource: https://youtu.be/abcdefghijk\n---\n" if rng.random() < 0.5 else ""
        write(folder, {f"{n}.md": head + "\n".join(lines)})
    return write(folder, {"bad.md": b"caf\xe9 is not text"})


@pytest.mark.parametrize(("seed", "fork"), [(0, True), (1, False), (2, True)])
def test_however_many_processes_and_with_or_without_the_cache(
    seed: int, fork: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    monkeypatch.setattr(load_notes, "_WORTH", 5)
    monkeypatch.setattr("threading.active_count", lambda: 1 if fork else 2)
    vault = _vault(tmp_path / "vault", seed)
    states, said = [], []
    for name, jobs in (("one", 1), ("three", 3)):
        config = configured(vault, tmp_path / name, jobs=jobs)
        cold = build(config)
        warm = build(config)
        said += [[str(problem) for problem in ran.result.problems] for ran in (cold, warm)]
        states += [files_in(tmp_path / name)]
        shutil.rmtree(cache.folder(tmp_path / name))
        assert not [one for one in build(config).decks if one.changed]
        for content in (b"no database", b""):
            (cache.folder(tmp_path / name) / "notes.sqlite").write_bytes(content)
            assert not [one for one in build(config).decks if one.changed]
        states += [files_in(tmp_path / name)]
    assert all(state == states[0] for state in states)
    assert all(each == said[0] for each in said)
    assert said[0] == ["bad.md:1: is not UTF-8; save it as UTF-8 to get its cards"]


def test_several_processes_were_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare one process with itself."""
    asked: list[int] = []

    def noted(jobs: int, *rest: Any) -> ProcessPoolExecutor:
        asked.append(jobs)
        return ProcessPoolExecutor(jobs, *rest)

    monkeypatch.setattr(load_notes, "_WORTH", 5)
    monkeypatch.setattr(load_notes, "ProcessPoolExecutor", noted)
    build(configured(_vault(tmp_path, 1), jobs=3))
    assert asked == [3]


def test_a_cache_that_has_lost_a_note_mixes_up_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built(write(tmp_path, {f"{name}.md": f"- **Label {name}:** text of {name}\n" for name in "abcd"}))
    write(tmp_path, {"d.md": "- **Label d:** another text\n"})
    real = NoteCache.get

    def forgetful(self: NoteCache, path: str, digest: str) -> bytes | None:
        return None if path == "b.md" else real(self, path, digest)

    monkeypatch.setattr(NoteCache, "get", forgetful)
    report = built(tmp_path, keep_cards=True)
    found = [(card.draft.place.note, card.draft.label) for card in report.result.cards]
    assert found == [(f"{name}.md", f"Label {name}") for name in "abcd"]
    assert [change.status for change in report.result.changes] == ["updated"]


def _kill(config: Config, files: VaultFiles, path: str) -> object:
    if os.getpid() != MAIN and path == "20.md":
        os._exit(9)
    return PARSE(config, files, path)


MAIN, PARSE = os.getpid(), load_notes._parse_and_pack


def test_a_process_that_is_killed_costs_no_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_notes, "_WORTH", 5)
    monkeypatch.setattr(load_notes, "_CHUNK", 3)
    monkeypatch.setattr(load_notes, "_parse_and_pack", _kill)
    report = build(configured(_vault(tmp_path, 1), jobs=2))
    assert report.result.totals.notes == 31
    assert [problem.path for problem in report.result.problems] == ["bad.md"]


def test_a_cache_whose_values_are_of_another_type_costs_nothing(tmp_path: Path) -> None:
    built(write(tmp_path, {"n.md": CARD}))
    with sqlite3.connect(cache.folder(tmp_path / "decks") / "notes.sqlite") as opened:
        opened.execute("update notes set content = 7")
        opened.execute("insert into notes values (null, 1, 2)")
    opened.close()
    assert built(tmp_path).result.totals.cards == 1

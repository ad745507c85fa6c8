"""The benchmark of speed runs, on a vault that is the same everywhere; what it measures fails no test."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROWS = (
    "full build of 30 notes, 1 process",
    "full build of 30 notes, 2 processes",
    "full build of 60 notes",
    "nothing changed in 60 notes",
    "nothing changed, all times touched",
    "one of 60 notes changed, 20 decks",
    "one of 60 notes changed, one deck",
    "cards --version",
    "cards --help",
    "peak memory, 60 notes",
    "temporary files left behind",
)


def run(*arguments: str, hash_seed: str = "random") -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.md")):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def test_the_vault_is_the_same_each_time_and_gives_ten_cards_a_note(tmp_path: Path) -> None:
    for name in ("1", "2"):
        run("benchmarks/vault.py", str(tmp_path / name), "--notes", "60", "--decks", "5", hash_seed=name)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")
    assert len(list((tmp_path / "1").iterdir())) == 5
    cards = run("-m", "cards", "list", str(tmp_path / "1"), "-o", str(tmp_path / "decks"), "--json").splitlines()
    assert 8 * 60 <= len(cards) <= 12 * 60


def test_every_row_is_measured() -> None:
    said = run("benchmarks/speed.py", "--notes", "30", "--large", "60", "--runs", "1").splitlines()
    for row in ROWS:
        assert [line for line in said if line.startswith(row) and (" ok" in line or " over" in line)], row

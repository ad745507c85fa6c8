"""The benchmarks run, on a vault that is the same everywhere; what they measure fails no test."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.vaults import ROOT, rows

ROWS = (
    "full build of 10 notes, 1 process",
    "full build of 10 notes, 2 processes",
    "full build of 20 notes",
    "nothing changed in 20 notes",
    "nothing changed, all times touched",
    "one of 20 notes changed, 20 decks",
    "one of 20 notes changed, one deck",
    "cards --version",
    "cards --help",
    "peak memory, 20 notes",
    "temporary files left behind",
)


def run(script: str, *arguments: object, hash_seed: str = "random") -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, f"benchmarks/{script}.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.md")):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def test_the_vault_is_the_same_each_time_and_gives_ten_cards_a_note(tmp_path: Path) -> None:
    for name in ("1", "2"):
        run("vault", tmp_path / name, "--notes", 60, "--decks", 5, hash_seed=name)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")
    assert len(list((tmp_path / "1").iterdir())) == 5
    assert 7 * 60 <= len(rows("list", tmp_path / "1", "-o", tmp_path / "decks")) <= 12 * 60


def test_every_row_of_speed_is_measured() -> None:
    said = run("speed", "--notes", 10, "--large", 20, "--once").splitlines()
    for row in ROWS:
        assert [line for line in said if line.startswith(row) and (" ok" in line or " over" in line)], row


def test_a_history_is_replayed(tmp_path: Path) -> None:
    run("history", tmp_path / "vault", "--notes", 6, "--commits", 12, "--seed", 4)
    said = run("replay", tmp_path / "vault", "--verbose")
    assert "12 commits" in said
    assert "(100.00 %)" in said
    assert "guids passed to another takeaway      0 of" in said
    assert [line for line in said.splitlines() if line.startswith("phrases that kept") and "100.00" in line]


def test_likeness_is_measured() -> None:
    assert "NOT ITSELF, likest in its note" in run("likeness", "examples")


def test_pairs_are_judged_as_a_careful_reader_does() -> None:
    said = run("pairs")  # exits with 1 where anything passes wrongly, or fewer than 95 % are kept
    assert "wrong passes  0 of 118" in said


def test_a_pair_that_is_misjudged_is_shown(tmp_path: Path) -> None:
    pair = """
    [[pair]]
    kind = "answer"
    language = "en"
    same = false
    before = "- **Depth:** four fathoms"
    after = "- **Depth:** five fathoms"
    """
    (tmp_path / "pairs.toml").write_text(pair, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "benchmarks/pairs.py", str(tmp_path / "pairs.toml"), "--show"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "passed (answer, en)" in ran.stdout

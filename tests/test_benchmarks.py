"""The benchmarks run; what they measure fails no test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_history_is_replayed(tmp_path: Path) -> None:
    run("history.py", str(tmp_path / "vault"), "--notes", "6", "--commits", "12", "--seed", "4")
    said = run("replay.py", str(tmp_path / "vault"), "--verbose")
    assert "12 commits" in said
    assert "(100.00 %)" in said
    assert "guids passed to another takeaway      0 of" in said


def test_likeness_is_measured() -> None:
    assert "NOT ITSELF, likest in its note" in run("likeness.py", "examples")

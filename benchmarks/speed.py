"""Measure the speed of Cards against what nobody can do without, and print the table.

    python benchmarks/speed.py [--notes 1000] [--large 10000] [--runs 5] [--once] [--only ROW…] [--json]

Every figure is a whole process, measured from outside. The two sides of a row run in turn, the yardstick first; the ratio
is the median of those of the pairs. Full builds start without decks, ledger and cache. The builds are those of the Cards
that this Python imports. Nothing fails where a limit is passed: the table says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).parent
IMPORT_CLICK = (sys.executable, "-c", "import click")
KEPT = ("ledger.jsonl", ".gitattributes")  # beside the decks; what else lies there was left behind
LARGEST = 300  # MiB of memory that one process may take
SHORT = 4  # times as many runs at most of a row that has not taken a second a run yet
AGE = 86_400  # seconds since a note was written, until one is touched


class Ran(NamedTuple):
    """One process: its seconds, and the peak memory in MiB of the largest among it and those it started."""

    seconds: float
    peak: float


Side = Callable[[], Ran]


@dataclass
class Row:
    """One line of the table: seconds of both sides, run by run, or for what is no ratio a single value."""

    key: str
    what: str
    against: str
    limit: float
    pairs: list[tuple[float, float]] = field(default_factory=list)
    value: float = 0.0
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        return [one / other for one, other in self.pairs]

    @property
    def verdict(self) -> str:
        figure = median(self.ratios) if self.pairs else self.value
        return ("ok" if figure <= self.limit else "over") + (f", {self.note}" if self.note else "")

    def line(self) -> str:
        if not self.pairs:
            return _LINE.format(self.what, f"{self.value:.4g}", "", "", "", f"{self.limit:g}", self.verdict)
        one, other = zip(*self.pairs, strict=True)
        ratio = f"{median(self.ratios):.3g} ({min(self.ratios):.3g}–{max(self.ratios):.3g})"
        return _LINE.format(self.what, _spread(one), self.against, _spread(other), ratio, f"{self.limit:.3g}", self.verdict)


_LINE = "{:<40} {:>21}  {:<12} {:>21}  {:>20}  {:>7}  {}"
_HEADER = _LINE.format("", "median (min–max)", "against", "median (min–max)", "ratio", "at most", "").rstrip()


def _spread(seconds: tuple[float, ...]) -> str:
    scale, unit = (1, "s") if median(seconds) >= 1 else (1000, "ms")
    return f"{median(seconds) * scale:.3g} {unit} ({min(seconds) * scale:.3g}–{max(seconds) * scale:.3g})"


class Bench:
    """The vaults, the processes that run over them, and what these leave behind."""

    def __init__(self, scratch: Path, notes: int, large: int, runs: int, *, once: bool) -> None:
        self.scratch, self.notes, self.large, self.runs = scratch, notes, large, runs
        self.most = 1 if once else SHORT * runs
        self.temporary = scratch / "tmp"
        self.temporary.mkdir()
        self.peak = 0.0  # MiB, of all builds of the large vaults
        self.left: set[str] = set()
        self.edits = 0
        said = subprocess.run([sys.executable, "-m", "cards", "build", "--help"], capture_output=True, text=True, check=True)
        self.jobs = "--jobs" in said.stdout
        self.full(self.vault(20))  # so that no run that counts compiles modules

    def run(self, *command: str | Path, **more: str) -> Ran:
        """Run a process to its end, with `more` in its environment. Exits where it fails."""
        environment = {**os.environ, "TMPDIR": str(self.temporary), **more}
        with tempfile.TemporaryFile() as said:
            start = time.perf_counter()
            process = subprocess.Popen(list(map(str, command)), env=environment, stdout=subprocess.DEVNULL, stderr=said)
            _, status, used = os.wait4(process.pid, 0)  # unlike those of `resource`, its figures are of this process alone
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}\n{said.read().decode(errors='replace')}")
        return Ran(seconds, used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))

    def cards(self, *arguments: str | Path, **more: str) -> Ran:
        ran = self.run(sys.executable, "-m", "cards", *arguments, **more)
        self.left |= {path.name for path in self.temporary.iterdir()}
        return ran

    def yardstick(self, what: str, vault: Path) -> Ran:
        return self.run(sys.executable, HERE / "yardstick.py", what, vault)

    # ------------------------------------------------------------------------------------------------ vaults and builds

    def vault(self, notes: int, decks: int = 20) -> Path:
        """A vault of so many notes, written when it is first asked for.

        That is done by a process of its own: what this one takes of memory would count as its children's.
        """
        folder = self.scratch / f"{notes} notes in {decks}"
        if not folder.exists():
            self.run(sys.executable, HERE / "vault.py", folder, "--notes", str(notes), "--decks", str(decks))
            _touch(folder, time.time() - AGE)
            os.sync()  # or the first runs share the disk with these notes
        return folder

    def built(self, decks: int) -> Path:
        """The large vault with its decks."""
        vault = self.vault(self.large, decks)
        if not _out(vault).exists():
            self.full(vault)
        return vault

    def build(self, vault: Path, jobs: int = 2) -> Ran:
        out = _out(vault)
        how = ("--quiet", *(("--jobs", str(jobs)) if self.jobs else ()))
        ran = self.cards("build", vault, "-o", out, *how, CARDS_CACHE_DIR=str(_cache(vault)))
        if vault.name.startswith(f"{self.large} "):
            self.peak = max(self.peak, ran.peak)
        self.left |= {path.name for path in out.iterdir() if path.suffix != ".apkg" and path.name not in KEPT}
        return ran

    def full(self, vault: Path, jobs: int = 2) -> Ran:
        for folder in (_out(vault), _cache(vault)):
            shutil.rmtree(folder, ignore_errors=True)
        return self.build(vault, jobs)

    def again(self, vault: Path, rewritten: int = 0) -> Ran:
        """A build upon decks that are there. Exits where other than so many of them are `rewritten`."""
        before = _times(vault)
        ran = self.build(vault)
        changed = sum(time != before.get(name) for name, time in _times(vault).items())
        if changed != rewritten:
            sys.exit(f"{vault.name}: {changed} decks were rewritten where {rewritten} should be")
        return ran

    def touched(self, vault: Path) -> Ran:
        _touch(vault, time.time())
        return self.again(vault)

    def edited(self, vault: Path) -> Ran:
        """A build after one note got a takeaway more."""
        notes = sorted(vault.rglob("*.md"))
        note = notes[len(notes) // 2]
        self.edits += 1
        takeaway = (
            f"## Added\n\n- **New label {self.edits}:** in the end they say that **addition {self.edits}** was worth it\n"
        )
        note.write_bytes(note.read_bytes().split(b"\n\n## Added\n")[0] + f"\n\n{takeaway}".encode())
        return self.again(vault, rewritten=1)

    # ------------------------------------------------------------------------------------------------------------- rows

    def pairs(self, row: Row, one: Side, other: Side) -> None:
        """Both sides in turn, the other one first: it may be what the one builds upon."""
        enough = time.perf_counter() + self.runs
        while len(row.pairs) < min(self.runs, self.most) or (len(row.pairs) < self.most and time.perf_counter() < enough):
            against = other().seconds
            row.pairs.append((one().seconds, against))

    def measure(self, row: Row) -> None:
        """Fill in one row."""
        if not self.jobs and row.key in ("cold-1", "cold-2", "growth", "edited", "edited-one"):
            row.note = "no --jobs"
        match row.key:
            case "cold-1" | "cold-2":
                small, jobs = self.vault(self.notes), int(row.key[-1])
                self.pairs(row, lambda: self.full(small, jobs), lambda: self.yardstick("parse", small))
            case "growth":
                small, large = self.vault(self.notes), self.vault(self.large)
                self.pairs(row, lambda: self.full(large), lambda: self.full(small))
            case "unchanged":
                large = self.built(20)
                self.pairs(row, lambda: self.again(large), lambda: self.yardstick("scan", large))
            case "touched":
                large = self.built(20)
                self.pairs(row, lambda: self.touched(large), lambda: self.yardstick("hash", large))
            case "edited" | "edited-one":
                large = self.vault(self.large, 20 if row.key == "edited" else 1)
                self.pairs(row, lambda: self.edited(large), lambda: self.full(large))
            case "version" | "help":
                self.pairs(row, lambda: self.cards(f"--{row.key}"), lambda: self.run(*IMPORT_CLICK))
            case "memory":
                self.built(1)
                row.value = self.peak
            case "files":
                row.value, row.note = len(self.left), ", ".join(sorted(self.left))


def table(notes: int, large: int) -> list[Row]:
    """The rows, with what they may cost at most."""
    return [
        Row("cold-1", f"full build of {notes:,} notes, 1 process", "parsing", 3.2),
        Row("cold-2", f"full build of {notes:,} notes, 2 processes", "parsing", 1.8),
        Row("growth", f"full build of {large:,} notes", f"of {notes:,}", 1.05 * large / notes),
        Row("unchanged", f"nothing changed in {large:,} notes", "scanning", 2),
        Row("touched", "nothing changed, all times touched", "hashing", 2),
        Row("edited", f"one of {large:,} notes changed, 20 decks", "full build", 0.02),
        Row("edited-one", f"one of {large:,} notes changed, one deck", "full build", 0.10),
        Row("version", "cards --version", "import click", 1.2),
        Row("help", "cards --help", "import click", 1.2),
        Row("memory", f"peak memory, {large:,} notes (MiB)", "", LARGEST),
        Row("files", "temporary files left behind", "", 0),
    ]


def _out(vault: Path) -> Path:
    return vault.with_name(f"{vault.name}, decks")


def _cache(vault: Path) -> Path:
    return vault.with_name(f"{vault.name}, cache")


def _times(vault: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in _out(vault).glob("*.apkg")}


def _touch(vault: Path, seconds: float) -> None:
    for path in vault.rglob("*.md"):
        os.utime(path, (seconds, seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--notes", 1000), ("--large", 10_000), ("--runs", 5)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--only", nargs="+", choices=[row.key for row in table(1, 1)], metavar="ROW", help="%(choices)s")
    parser.add_argument("--once", action="store_true", help="one run a row, however short it is")
    parser.add_argument("--json", action="store_true", help="one JSON object a row, with the seconds of every run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cards-speed-") as scratch:
        bench = Bench(Path(scratch), given.notes, given.large, given.runs, once=given.once)
        if not given.json:
            runs = 1 if given.once else given.runs
            print(f"{runs} runs, Python {platform.python_version()}, {os.cpu_count()} cores\n{_HEADER}", flush=True)
        for row in table(given.notes, given.large):
            if given.only and row.key not in given.only:
                continue
            bench.measure(row)
            record = {"row": row.key, "pairs": row.pairs, "value": row.value, "limit": row.limit, "verdict": row.verdict}
            print(json.dumps(record) if given.json else row.line(), flush=True)


if __name__ == "__main__":
    main()

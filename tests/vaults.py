"""From a folder of notes to decks: files are written, decks built, commands run, packages opened and altered."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cards.cli import main
from cards.pipeline.build import build, look
from cards.pipeline.report import Report
from cards.pipeline.report import Result as Looked
from cards.vault.config import Config, load

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
CARD = "- **Label:** text\n"
CARDS = (sys.executable, "-m", "cards")


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, and give it back."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def edit(note: Path, old: str, new: str) -> None:
    """Put other words into a note, which must have had the old ones."""
    text = note.read_text(encoding="utf-8")
    assert old in text
    note.write_text(text.replace(old, new), encoding="utf-8")


def configured(notes: Path, out: Path | None = None, **more: Any) -> Config:
    """The settings for notes whose decks go to `out`, by default a folder among them."""
    return replace(load((notes,), out or notes / "decks", None, None), **more)


def built(notes: Path, out: Path | None = None, **options: Any) -> Report:
    return build(configured(notes, out), **options)


def looked(notes: Path, out: Path | None = None, **options: Any) -> Looked:
    return look(configured(notes, out), **options)


def files_in(out: Path) -> dict[str, bytes]:
    """The content of each file of a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}


def packages(out: Path) -> list[Path]:
    return sorted(out.glob("*.apkg"))


# ----------------------------------------------------------------------------------------------------------- commands


def run(*arguments: object, given: str | None = None) -> Result:
    """A command in this process; `given` is what the user types."""
    return CliRunner().invoke(main, [*map(str, arguments)], input=given)


def rows(*arguments: object) -> list[dict[str, Any]]:
    """What a command says with `--json`, line by line."""
    return [json.loads(line) for line in run(*arguments, "--json").stdout.splitlines()]


def refused(*arguments: object) -> str:
    """The sentence of a command that fails."""
    ran = run(*arguments)
    assert (ran.exit_code, type(ran.exception)) == (2, SystemExit), ran.output
    return ran.stderr


def on_a_terminal(*command: object, **environment: str) -> bytes:
    """All that a process says to a terminal."""
    leader, follower = os.openpty()
    around = {**os.environ, "TERM": "xterm", **environment}
    subprocess.run([*map(str, command)], stdout=follower, stderr=follower, check=False, env=around)
    os.close(follower)
    said = os.read(leader, 100_000)
    os.close(leader)
    return said


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """git in a folder, where it finds this Python's `cards`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=check, env=environment)


# ----------------------------------------------------------------------------------------------------------- packages


def unpacked(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(path: Path, files: Mapping[str, bytes], way: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", way) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return path


def altered(package: Path, to: Path, statements: Iterable[tuple[str, tuple[str, ...]] | str]) -> Path:
    """A package whose database was changed by SQL."""
    files = unpacked(package)
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(files["collection.anki2"])
        for each in statements:
            database.execute(*((each,) if isinstance(each, str) else each))
        database.commit()
        return packed(to, files | {"collection.anki2": database.serialize()})


# ------------------------------------------------------------------------------------------------------------- bounds


class BeyondBoundsError(BaseException):
    """It took too long. No handler of errors may take it for one of its own."""


@contextmanager
def bounds(seconds: int = 60, memory: int = 1024**3) -> Iterator[None]:
    """So many seconds, and so many bytes more than this process has: beyond them is a failure. On Linux alone."""
    if sys.platform != "linux":
        yield
        return
    import resource

    def late(*_: object) -> None:
        raise BeyondBoundsError

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits, handler = resource.getrlimit(resource.RLIMIT_AS), signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    resource.setrlimit(resource.RLIMIT_AS, (now + memory, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)

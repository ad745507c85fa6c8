"""The cache: what reading a note gave, by the note's content, and other things that are slow to make again.

It lies in the user's cache folder, one folder for each folder of decks, so nothing that a repository brings is ever taken for
it. Deleting it costs nothing but time; whatever is damaged in it is as good as missing.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import zlib
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from cards.model import CardsError
from cards.vault import files

CLIPS = "clips"
PREVIEW = "preview.html"
HOME = "CARDS_CACHE_DIR"  # the environment's word for where all caches lie

_LARGEST = 10_000_000  # bytes of what a note gave: the few that give more are read again
_TABLE = "create table if not exists notes (path text primary key, key text, content blob)"
_MANY = 200  # notes that are written at once
_OLD = ".cache"  # where the cache lay, beside the decks
_OLD_FILES = re.compile(
    r"notes\.sqlite(?:-journal|-wal|-shm)?|(?:last|recordings)\.json|preview\.html|lock|\.gitignore|\.cards-.*"
)


def folder(out: Path) -> Path:
    """The folder of the cache for a folder of decks. It may not be there yet."""
    real = os.path.realpath(out)
    name = re.sub(r"[^\w-]+", "-", os.path.basename(real))[:40]
    return home() / f"{name}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}"


def home() -> Path:
    """Where the caches of all folders of decks lie: the user's cache folder, or what `CARDS_CACHE_DIR` says."""
    if given := os.environ.get(HOME):
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("takeaway-cards", appauthor=False)


def made_folder(out: Path) -> Path:
    """The folder of the cache for a folder of decks, made where it is missing. Raises CardsError."""
    path = folder(out)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CardsError(f"{path}: the cache can't be made: {error.strerror}; {HOME} can name another folder") from None
    return path


def remove_old(out: Path) -> None:
    """Remove the cache that earlier versions kept beside the decks. What is not ours stays."""
    old = out / _OLD
    with suppress(OSError):
        if old.is_symlink() or not old.is_dir() or (old / ".gitignore").read_bytes() != b"*\n":
            return
        clips = old / CLIPS
        if clips.is_dir() and not clips.is_symlink():
            for path in clips.glob("*.mp3"):
                path.unlink()
            clips.rmdir()
        for path in old.iterdir():
            if _OLD_FILES.fullmatch(path.name) and not path.is_dir():
                path.unlink()
        old.rmdir()


def with_sum(content: bytes) -> bytes:
    """A content as the cache keeps it: behind a checksum, by which damage shows."""
    return zlib.crc32(content).to_bytes(4, "big") + content


def without_sum(found: bytes) -> bytes:
    """The content that `with_sum` was given. Raises ValueError where it is another."""
    if zlib.crc32(found[4:]).to_bytes(4, "big") != found[:4]:
        raise ValueError("damaged")
    return found[4:]


def read(path: Path, largest: int = files.LARGEST) -> bytes:
    """A file of the cache. Raises OSError or ValueError where it is missing or damaged."""
    return without_sum(files.read(path, largest).content)


def write(path: Path, content: bytes) -> None:
    """Keep a file in the cache, if its folder is there."""
    with suppress(CardsError):
        if path.parent.is_dir():
            files.replace_file(path, with_sum(content))


@lru_cache(maxsize=1)
def version() -> str:
    """A hash that changes with this code and with the packages it reads notes with: of the size and time of their files."""
    found: list[tuple[str, int, int]] = []
    for top, below, names in os.walk(Path(__file__).parent.parent):
        below[:] = [name for name in below if name != "__pycache__"]
        paths = [os.path.join(top, name) for name in names]
        found += [(path, status.st_size, status.st_mtime_ns) for path in paths if (status := os.stat(path))]
    for package in ("frontmatter", "genanki", "markdown_it", "mdit_py_plugins", "msgspec", "sentencex", "yaml"):
        if (spec := find_spec(package)) and spec.origin:
            found.append((package, os.stat(spec.origin).st_size, os.stat(spec.origin).st_mtime_ns))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


class NoteCache:
    """What notes gave under one version of Cards and one configuration, by path and content."""

    def __init__(self, out: Path, settings: str) -> None:
        self._stamp = hashlib.sha256(f"{version()}\x1f{settings}".encode()).hexdigest()[:24]
        self._database: sqlite3.Connection | None = None
        self._added: list[tuple[str, str, bytes]] = []
        path = folder(out) / "notes.sqlite"
        if path.parent.is_dir():  # else nothing has been built yet: a look around leaves no trace
            with suppress(OSError, sqlite3.Error):
                self._database = _open(path)

    def get(self, path: str, digest: str) -> bytes | None:
        """What was added for a note of this content."""
        if self._database is not None:
            with suppress(sqlite3.Error, ValueError, TypeError):
                query = "select content from notes where path = ? and key = ?"
                if found := self._database.execute(query, (path, self._key(digest))).fetchone():
                    return without_sum(found[0])
        return None

    def add(self, path: str, digest: str, content: bytes) -> None:
        """Remember what a note of this content gave."""
        if self._database is not None and len(content) <= _LARGEST:
            self._added.append((path, self._key(digest), with_sum(content)))
            if len(self._added) >= _MANY:
                self._flush()

    def close(self, root: Path, paths: set[str]) -> None:
        """Write what was added, and forget notes that are gone. `paths` are those there are, `root` is the vault."""
        self._flush()
        if self._database is None:
            return
        with suppress(sqlite3.Error, TypeError, ValueError), self._database:
            others = {row[0] for row in self._database.execute("select path from notes")} - paths
            gone = [(path,) for path in others if not os.path.lexists(root / path)]
            self._database.executemany("delete from notes where path = ?", gone)
        with suppress(sqlite3.Error):
            self._database.close()

    def _flush(self) -> None:
        """Write what was added. If another process holds the file for too long, nothing more is remembered."""
        try:
            if self._database is not None:
                with self._database:
                    self._database.executemany("insert or replace into notes values (?, ?, ?)", self._added)
        except sqlite3.Error:
            self._database = None
        self._added.clear()

    def _key(self, digest: str) -> str:
        return f"{self._stamp}-{digest}"


def _open(path: Path) -> sqlite3.Connection:
    for _ in range(2):
        try:
            database = sqlite3.connect(path, timeout=1)
            database.execute("pragma synchronous = off")
            database.execute(_TABLE)
            database.execute("select path, key, content from notes limit 1").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):  # another process writes it
                raise
            path.unlink(missing_ok=True)
        except sqlite3.Error:
            path.unlink(missing_ok=True)  # damaged: start empty
        else:
            return database
    raise sqlite3.DatabaseError

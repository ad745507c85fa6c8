"""The cache: drafts of notes, keyed by the content of the note, and other things that are slow to make.

It is in the user's cache folder, with one subfolder per folder of decks, so that a cloned repository cannot bring one along.
Deleting it costs only time. A damaged entry is treated as missing.
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
HOME = "CARDS_CACHE_DIR"  # environment variable for the folder of all caches

_LARGEST = 10_000_000  # bytes per note; the few larger ones are parsed each time
_TABLE = "create table if not exists notes (path text primary key, key text, content blob)"
_BATCH = 200  # notes per transaction
_OLD = ".cache"  # the cache's former place, beside the decks
_OLD_FILES = re.compile(
    r"notes\.sqlite(?:-journal|-wal|-shm)?|(?:last|recordings)\.json|preview\.html|lock|\.gitignore|\.cards-.*"
)


def folder(out: Path) -> Path:
    """Return the cache folder for a folder of decks. It may not exist yet."""
    real = os.path.realpath(out)
    name = re.sub(r"[^\w-]+", "-", os.path.basename(real))[:40]
    return home() / f"{name}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}"


def home() -> Path:
    """Return the folder of all caches: `CARDS_CACHE_DIR`, else a subfolder of the user's cache folder."""
    if given := os.environ.get(HOME):
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("takeaway-cards", appauthor=False)


def made_folder(out: Path) -> Path:
    """Return the cache folder for a folder of decks; create it if it is missing. Raises CardsError."""
    path = folder(out)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CardsError(f"{path}: can't create the cache: {error.strerror}; set {HOME} to another folder") from None
    return path


def remove_old(out: Path) -> None:
    """Remove the cache that earlier versions kept beside the decks, but no other file there."""
    old = out / _OLD
    with suppress(OSError):
        if old.is_symlink() or not old.is_dir() or files.read(old / ".gitignore", 2).content != b"*\n":
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
    """Prefix the content with a checksum, so that damage is noticed."""
    return zlib.crc32(content).to_bytes(4, "big") + content


def without_sum(stored: bytes) -> bytes:
    """Return the content that `with_sum` stored. Raises ValueError if the checksum does not match."""
    if with_sum(content := stored[4:]) != stored:
        raise ValueError("damaged")
    return content


def read(path: Path, largest: int = files.LARGEST) -> bytes:
    """Read a file of the cache, of at most `largest` bytes. Raises OSError if it is missing, ValueError if damaged."""
    return without_sum(files.read(path, largest).content)


def write(path: Path, content: bytes) -> None:
    """Write a file of the cache. Does nothing if its folder is missing or can't be written."""
    with suppress(CardsError):
        if path.parent.is_dir():
            files.replace_file(path, with_sum(content))


@lru_cache(maxsize=1)
def version() -> str:
    """Return a hash of size and time of our files and of the packages that parse notes: it changes with the code."""
    seen: list[tuple[str, int, int]] = []
    for top, folders, names in os.walk(Path(__file__).parent.parent):
        folders[:] = [name for name in folders if name != "__pycache__"]
        paths = [os.path.join(top, name) for name in names]
        seen += [(path, status.st_size, status.st_mtime_ns) for path in paths if (status := os.stat(path))]
    for package in ("frontmatter", "genanki", "markdown_it", "mdit_py_plugins", "msgspec", "sentencex", "yaml"):
        if (spec := find_spec(package)) and spec.origin:
            status = os.stat(spec.origin)
            seen.append((package, status.st_size, status.st_mtime_ns))
    return hashlib.sha256(repr(sorted(seen)).encode()).hexdigest()


class NoteCache:
    """Cache of the drafts of notes, by path and content, for one version of Cards and one configuration."""

    def __init__(self, out: Path, settings: str) -> None:
        self._version = hashlib.sha256(f"{version()}\x1f{settings}".encode()).hexdigest()[:24]
        self._database: sqlite3.Connection | None = None
        self._added: list[tuple[str, str, bytes]] = []
        path = folder(out) / "notes.sqlite"
        if path.parent.is_dir():  # only a build creates it: `cards list` and the like leave no trace
            with suppress(OSError, sqlite3.Error):
                self._database = _open(path)

    def get(self, path: str, digest: str) -> bytes | None:
        """Return the bytes cached for a note with this content hash, None if there are none."""
        if self._database is not None:
            with suppress(sqlite3.Error, ValueError, TypeError):
                query = "select content from notes where path = ? and key = ?"
                if row := self._database.execute(query, (path, self._key(digest))).fetchone():
                    return without_sum(row[0])
        return None

    def add(self, path: str, digest: str, content: bytes) -> None:
        """Cache bytes for a note with this content hash."""
        if self._database is not None and len(content) <= _LARGEST:
            self._added.append((path, self._key(digest), with_sum(content)))
            if len(self._added) >= _BATCH:
                self._flush()

    def close(self, root: Path, paths: set[str]) -> None:
        """Write pending entries and drop those of deleted notes. `paths` are known to exist below the vault's `root`."""
        self._flush()
        if self._database is None:
            return
        with suppress(sqlite3.Error, TypeError, ValueError), self._database:
            others = {path for (path,) in self._database.execute("select path from notes")} - paths
            gone = [(path,) for path in others if not os.path.lexists(root / path)]
            self._database.executemany("delete from notes where path = ?", gone)
        with suppress(sqlite3.Error):
            self._database.close()

    def _flush(self) -> None:
        """Write pending entries. If that fails (another process holds the lock), stop caching for this run."""
        try:
            if self._database is not None:
                with self._database:
                    self._database.executemany("insert or replace into notes values (?, ?, ?)", self._added)
        except sqlite3.Error:
            self._database = None
        self._added.clear()

    def _key(self, digest: str) -> str:
        return f"{self._version}-{digest}"


def _open(path: Path) -> sqlite3.Connection:
    """Open the database; replace a damaged one. Raises sqlite3.Error or OSError."""
    for _ in range(2):
        try:
            return _prepare(sqlite3.connect(path, timeout=1))
        except sqlite3.OperationalError as error:
            if "locked" in str(error):  # by another process: the file is fine
                raise
            path.unlink(missing_ok=True)
        except sqlite3.Error:
            path.unlink(missing_ok=True)
    raise sqlite3.DatabaseError


def _prepare(database: sqlite3.Connection) -> sqlite3.Connection:
    """Make the table and read from it; close the database if that fails. Raises sqlite3.Error."""
    try:
        database.execute("pragma synchronous = off")
        database.execute(_TABLE)
        database.execute("select path, key, content from notes limit 1").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database

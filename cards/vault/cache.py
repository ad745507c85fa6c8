"""What reading a note gave, remembered by the note's content. Deleting it changes nothing but time.

One SQLite file in `decks/.cache/`. Anything wrong with it means that it is empty.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import zlib
from contextlib import suppress
from pathlib import Path

from cards.vault import files
from cards.vault.cache_version import version
from cards.vault.config import CACHE
from cards.vault.files import NotRegularError

_LARGEST = 10_000_000  # bytes of what a note gave: the few that give more are read again
_COLUMNS = "path text primary key, key text, reading blob, drafts blob, skipped blob, sum int"
_TABLE = f"CREATE TABLE readings ({_COLUMNS})"  # as SQLite keeps it
_BROKEN = (sqlite3.Error, TypeError, ValueError)  # damage may make any value another, also of another type
CLIPS = "clips"
_SIDE_FILES = ("-journal", "-wal", "-shm")  # of SQLite
_OURS = (
    *(f"notes.sqlite{end}" for end in ("", *_SIDE_FILES)),
    *"last.json recordings.json preview.html lock .gitignore".split(),
    CLIPS,
)
_MANY = 200  # notes that are written at once


def folder_of(out: Path) -> Path:
    """The folder of the cache. Raises OSError where a link takes its place: it may lead to what is somebody else's."""
    folder = out / CACHE
    if folder.is_symlink():
        raise NotRegularError(errno.ELOOP, "is a link; remove it, or choose another folder with -o", str(folder))
    for name in _OURS:
        path = folder / name
        if path.is_symlink() or (path.exists() and not (path.is_file() or path.is_dir())):
            path.unlink()  # a repository may bring them, and what is written would go elsewhere
    return folder


def folder_in(out: Path) -> Path:
    """The folder of the cache beside the decks, made where it is not there; git leaves it out. Raises OSError."""
    folder = folder_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".gitignore").exists():  # it may be a folder that others keep things in
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def summed(content: bytes) -> bytes:
    """A content as the cache keeps it: below a checksum, by which damage shows."""
    return f"{zlib.crc32(content):08x}\n".encode() + content


def checked(found: bytes) -> bytes:
    """The content that `summed` was given. Raises ValueError where it is another."""
    sum_, _, content = found.partition(b"\n")
    if sum_ != f"{zlib.crc32(content):08x}".encode():
        raise ValueError("damaged")
    return content


Given = tuple[bytes, bytes, bytes]  # what a note gave, packed: its reading, its drafts, what gave none


class Cache:
    """The remembered readings of one version of Cards under one configuration."""

    def __init__(self, out: Path, settings: str) -> None:
        self._stamp = hashlib.sha256(f"{version()}\x1f{settings}".encode()).hexdigest()[:24]
        self._database: sqlite3.Connection | None = None
        self._added: list[tuple[str, str, bytes, bytes, bytes, int]] = []
        with suppress(OSError, sqlite3.Error):
            if out.is_dir():  # else nothing has been built here yet: looking leaves no trace
                self._database = _opened(folder_in(out) / "notes.sqlite")

    def get(self, path: str, digest: str) -> Given | None:
        """What was added for a note of this content."""
        if self._database is None:
            return None
        with suppress(*_BROKEN):
            query = "select reading, drafts, skipped, sum from readings where path = ? and key = ?"
            found = self._database.execute(query, (path, self._key(path, digest))).fetchone()
            if found and _sum(found[:3]) == found[3]:
                return found[0], found[1], found[2]
        return None

    def add(self, path: str, digest: str, given: Given) -> None:
        """Remember what a note of this content gave."""
        if self._database is not None and sum(map(len, given)) <= _LARGEST:
            self._added.append((path, self._key(path, digest), *given, _sum(given)))
            if len(self._added) >= _MANY:
                self._flush()

    def _flush(self) -> None:
        """Write what was added. Where another process holds the file for too long, nothing more is remembered."""
        try:
            if self._database is not None:
                with self._database:
                    self._database.executemany("insert or replace into readings values (?, ?, ?, ?, ?, ?)", self._added)
        except sqlite3.Error:
            self._database = None
        self._added.clear()

    def _key(self, path: str, digest: str) -> str:
        return hashlib.sha256(f"{self._stamp}\x1f{path}\x1f{digest}".encode("utf-8", "surrogatepass")).hexdigest()

    def save(self, root: Path, paths: set[str]) -> None:
        """Write what was added, and forget notes that are gone. `paths` are those there are, `root` is the vault."""
        self._flush()
        if self._database is None:
            return
        with suppress(*_BROKEN), self._database:
            others = {row[0] for row in self._database.execute("select path from readings")} - paths
            gone = [(path,) for path in others if not os.path.lexists(root / path)]
            self._database.executemany("delete from readings where path = ?", gone)
        with suppress(sqlite3.Error):
            self._database.close()


def _sum(given: Given) -> int:
    """SQLite itself would not notice a bit that a disk has turned over."""
    return zlib.crc32(b"".join(given))


def _opened(path: Path) -> sqlite3.Connection:
    if _names_another(path):
        for end in ("", *_SIDE_FILES):
            Path(f"{path}{end}").unlink(missing_ok=True)
    for _ in range(2):
        try:
            database = sqlite3.connect(path, timeout=1)
            database.execute("pragma synchronous = off")
            database.execute(_TABLE.replace("CREATE TABLE", "create table if not exists"))
            if {sql for (sql,) in database.execute("select sql from sqlite_master")} - {_TABLE, None}:
                raise sqlite3.DatabaseError  # a view may never end
            database.execute("select count(*) from readings").fetchone()
        except sqlite3.OperationalError:  # another process writes it
            raise
        except _BROKEN:
            path.unlink(missing_ok=True)  # damaged: start empty
        else:
            return database
    raise sqlite3.DatabaseError


def _names_another(path: Path) -> bool:
    """Whether a database has a journal that names another file, which SQLite would delete once it has played it back.

    The name stands before these eight bytes at the end (`readSuperJournal` in SQLite's pager.c). Ours never has one.
    """
    try:
        return files.read(f"{path}-journal").content.endswith(bytes.fromhex("d9d505f920a163d7"))
    except FileNotFoundError:
        return False
    except OSError:
        return True

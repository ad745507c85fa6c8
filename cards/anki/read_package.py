"""Anki packages from anywhere, read as what they are: untrusted. The other direction is `write_package`."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import zipfile
from typing import NamedTuple

from cards.anki.note_types import note_types
from cards.model import AnkiNote, CardsError

_FILE = re.compile(r"\[sound:([^\]]+)\]|src=\"([^\"]+)\"")
_LARGEST = 1024**3  # bytes of an unpacked collection, or of all media: beyond it a package is refused
_LONGEST = 100_000_000  # bytes of a value in it
_VERSIONS = (b"\x08\x01", b"\x08\x02", b"\x08\x03")  # PackageMetadata of Anki's import_export.proto
_PLAIN = re.compile(r"create (?:table|(?:unique )?index)\b(?!.*\b(?:as|select|check|generated|virtual)\b)", re.I | re.S)


class Package(NamedTuple):
    """The Anki notes of our own types in a package, in their order, and whether Anki wrote it."""

    notes: tuple[AnkiNote, ...]
    by_anki: bool


def read(content: bytes, name: str) -> Package:
    """The notes of a package. `name` is what messages call it. Raises CardsError."""
    database, by_anki = collection(content, name)
    try:
        return Package(tuple(_notes(database)), by_anki)
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CardsError(f"{name}: its collection can't be read: {error}") from None
    finally:
        database.close()


def _notes(database: sqlite3.Connection) -> list[AnkiNote]:
    kinds = {note_type.id: kind for kind, note_type in note_types().items()}
    decks = _decks(database)
    cards: dict[int, list[int]] = {}
    homes: dict[int, int] = {}
    for nid, ordinal, did in database.execute("select nid, ord, did from cards order by ord"):  # a join may take quadratic time
        cards.setdefault(nid, []).append(ordinal + 1)
        homes.setdefault(nid, did)
    found = []
    for nid, guid, mid, mod, tags, flds in database.execute("select id, guid, mid, mod, tags, flds from notes order by id"):
        if mid not in kinds:
            continue
        ordinals = tuple(cards.get(nid, ()))
        if not (isinstance(guid, str) and isinstance(mod, int) and all(isinstance(each, int) for each in ordinals)):
            raise ValueError(f"its note {guid!r} has values of another type")
        found.append(
            AnkiNote(
                guid=guid,
                kind=kinds[mid],
                deck=decks.get(homes.get(nid, 0), "Default"),
                tags=tuple(tags.split()),
                fields=tuple(flds.split("\x1f")),
                ordinals=ordinals,
                media=tuple(sorted(_files_in(flds))),
                mod=mod,
            )
        )
    return found


def _decks(database: sqlite3.Connection) -> dict[int, str]:
    tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    if "decks" in tables:
        return {number: name.replace("\x1f", "::") for number, name in database.execute("select id, name from decks")}
    (text,) = database.execute("select decks from col").fetchone()
    return {int(number): str(deck["name"]) for number, deck in json.loads(text).items()}


def _files_in(fields: str) -> set[str]:
    """The names of the files that fields embed."""
    return {name for pair in _FILE.findall(fields) for name in pair if name}


def collection(content: bytes, name: str) -> tuple[sqlite3.Connection, bool]:
    """The collection of a package in memory, and whether Anki wrote it. Raises CardsError where it is not a package."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            # as Anki chooses: https://github.com/ankitects/anki/blob/main/rslib/src/import_export/package/meta.rs
            meta = _read(archive, "meta") if "meta" in names else b""
            if meta not in (b"", *_VERSIONS):  # a newer one; or one that Anki would read otherwise than we do
                raise ValueError("its version is not known")
            latest = meta == _VERSIONS[-1]
            file = next(n for n in ("collection.anki21b",) * latest + ("collection.anki21", "collection.anki2") if n in names)
            unpacked = _read(archive, file)
        if file.endswith("b"):
            import zstandard

            with zstandard.ZstdDecompressor().stream_reader(unpacked) as stream:
                unpacked = stream.read(_LARGEST)
                if stream.read(1):
                    raise ValueError("its collection is too large")
        return _opened(unpacked), "meta" in names
    except Exception as error:  # zip, zstd and SQLite each have errors of their own for a broken file
        raise CardsError(f"{name}: is not an Anki package ({type(error).__name__}: {error})") from None


def _opened(content: bytes) -> sqlite3.Connection:
    """A database from its bytes. Raises ValueError or an error of SQLite's for one that is damaged or could act."""
    # a file in write-ahead mode (2 in the header, https://sqlite.org/fileformat.html) can't be opened from memory
    content = content[:18] + b"\x01\x01" + content[20:]
    database = sqlite3.connect(":memory:")
    database.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    database.deserialize(content)
    # a view, a computed column or pages that lead back to each other could go on without end
    if not all(_PLAIN.match(sql) for (sql,) in database.execute("select sql from sqlite_master where sql <> ''")):
        raise ValueError("its tables are not Anki's")
    ((damage,),) = database.execute("pragma quick_check(1)")
    if damage != "ok":
        raise ValueError(damage)
    database.execute("select count(*) from notes")
    return database


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of a package, no byte more than it is said to have. Raises ValueError for one that is too large."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a limit
        raise ValueError(f"{name} is packed in a way that Anki does not know")
    if info.file_size > _LARGEST:
        raise ValueError(f"{name} is too large")
    with archive.open(info) as file:
        return file.read(info.file_size)  # without a number it would unpack up to 2 GiB


def media(content: bytes, name: str, wanted: frozenset[str], largest: int = _LARGEST) -> dict[str, bytes]:
    """The files of one of our own packages under these names, none of them over `largest` bytes. Raises CardsError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            numbers = {file: number for number, file in json.loads(_read(archive, "media")).items() if file in wanted}
            sizes = {file: archive.getinfo(number).file_size for file, number in numbers.items()}
            if sum(sizes.values()) > _LARGEST:
                raise ValueError("its media are too large")
            return {file: _read(archive, number) for file, number in numbers.items() if sizes[file] <= largest}
    except Exception as error:  # as above
        raise CardsError(f"{name}: is not an Anki package ({type(error).__name__}: {error})") from None

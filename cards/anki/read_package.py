"""Anki packages from anywhere, read as what they are: untrusted. The other direction is `exporter`."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import NamedTuple

from cards.anki.note_types import note_types
from cards.model import CardsError, Exported

_FILE = re.compile(r"\[sound:([^\]]+)\]|src=\"([^\"]+)\"")
_LARGEST = 1024**3  # bytes of an unpacked collection, or of all media: beyond it a package is not believed
_LONGEST = 100_000_000  # bytes of a value in it
_VERSIONS = (b"\x08\x01", b"\x08\x02", b"\x08\x03")  # PackageMetadata of Anki's import_export.proto
_PLAIN = re.compile(r"create (?:table|(?:unique )?index)\b(?!.*\b(?:as|select|check|generated|virtual)\b)", re.I | re.S)


def database(package: Path) -> tuple[sqlite3.Connection, bool]:
    """The collection of a package in memory, and whether Anki wrote it. Raises CardsError for what is no package."""
    try:
        if not package.is_file():  # a FIFO would be waited for
            raise CardsError(f"{package}: is no Anki package, and no file")
        with zipfile.ZipFile(package) as opened:
            names = set(opened.namelist())
            # as Anki chooses: https://github.com/ankitects/anki/blob/main/rslib/src/import_export/package/meta.rs
            meta = _read(opened, "meta") if "meta" in names else b""
            if meta not in (b"", *_VERSIONS):  # a newer one; or one that Anki would read otherwise than we do
                raise ValueError("its version is not known")
            latest = meta == _VERSIONS[-1]
            name = next(n for n in ("collection.anki21b",) * latest + ("collection.anki21", "collection.anki2") if n in names)
            content = _read(opened, name)
        if name.endswith("b"):
            import zstandard

            with zstandard.ZstdDecompressor().stream_reader(content) as unpacked:
                content = unpacked.read(_LARGEST)
                if unpacked.read(1):
                    raise ValueError("its collection is too large")
        # a file in write-ahead mode (2 in the header, https://sqlite.org/fileformat.html) can't be opened from memory
        content = content[:18] + b"\x01\x01" + content[20:]
        opened_database = sqlite3.connect(":memory:")
        opened_database.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
        opened_database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        opened_database.deserialize(content)
        # a view, a computed column or pages that lead back to each other could go on without end
        if not all(_PLAIN.match(sql) for (sql,) in opened_database.execute("select sql from sqlite_master where sql <> ''")):
            raise ValueError("its tables are not Anki's")
        ((damage,),) = opened_database.execute("pragma quick_check(1)")
        if damage != "ok":
            raise ValueError(damage)
        opened_database.execute("select count(*) from notes")
    except CardsError:
        raise
    except Exception as error:  # zip, zstd and SQLite each have errors of their own for a broken file
        raise CardsError(f"{package}: is no Anki package ({type(error).__name__}: {error})") from None
    return opened_database, "meta" in names


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of a package, no byte more than it is said to have. Raises ValueError for one that is too large."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a limit
        raise ValueError(f"{name} is packed in a way that Anki does not know")
    if info.file_size > _LARGEST:
        raise ValueError(f"{name} is too large")
    with archive.open(info) as file:
        return file.read(info.file_size)  # without a number it would unpack up to 2 GiB


def fields(package: Path) -> dict[str, tuple[str, ...]]:
    """The fields of every Anki note in a package by its guid. Raises CardsError."""
    opened, _ = database(package)
    try:
        return {guid: tuple(flds.split("\x1f")) for guid, flds in opened.execute("select guid, flds from notes")}
    except (sqlite3.DatabaseError, ValueError, AttributeError) as error:
        raise CardsError(f"{package}: its collection can't be read: {error}") from None
    finally:
        opened.close()


class Held(NamedTuple):
    """What a package says of one Anki note of ours: the first field, the ordinals of its cards, and when it last changed."""

    question: str
    ordinals: frozenset[int]
    mod: int


def questions(package: Path) -> dict[str, Held]:
    """What is asked by every Anki note of ours in a package, by its guid. Raises CardsError."""
    opened, _ = database(package)
    ours = {note_type.id for note_type in note_types().values()}
    ordinals: dict[int, set[int]] = {}
    try:
        for nid, ordinal in opened.execute("select nid, ord from cards"):  # to join them may take SQLite quadratic time
            ordinals.setdefault(nid, set()).add(ordinal + 1)
        return {
            guid: Held(flds.partition("\x1f")[0], frozenset(ordinals.get(nid, ())), int(mod))
            for nid, guid, mid, flds, mod in opened.execute("select id, guid, mid, flds, mod from notes")
            if mid in ours
        }
    except (sqlite3.DatabaseError, AttributeError, TypeError, ValueError) as error:
        raise CardsError(f"{package}: its collection can't be read: {error}") from None
    finally:
        opened.close()


def media(package: Path, names: frozenset[str], largest: int) -> dict[str, bytes]:
    """The files of one of our own packages under these names, none of them over `largest` bytes. Raises CardsError."""
    try:
        with zipfile.ZipFile(package) as opened:
            numbers = {name: number for number, name in json.loads(_read(opened, "media")).items() if name in names}
            sizes = {name: opened.getinfo(number).file_size for name, number in numbers.items()}
            if sum(sizes.values()) > _LARGEST:
                raise ValueError("its media are too large")
            return {name: _read(opened, number) for name, number in numbers.items() if sizes[name] <= largest}
    except Exception as error:  # as above
        raise CardsError(f"{package}: is no Anki package ({type(error).__name__}: {error})") from None


def exported(package: Path) -> tuple[list[Exported], dict[str, bytes]]:
    """The Anki notes of one of our own packages in their order, and its media by name. Raises CardsError."""
    opened, _ = database(package)
    try:
        (text,) = opened.execute("select decks from col").fetchone()
        decks = {int(number): str(deck["name"]) for number, deck in json.loads(text).items()}
        cards: dict[int, list[int]] = {}
        homes: dict[int, int] = {}
        for nid, ordinal, did in opened.execute("select nid, ord, did from cards order by ord"):
            cards.setdefault(nid, []).append(ordinal + 1)
            homes[nid] = did
        rows = opened.execute("select id, guid, mid, mod, tags, flds from notes order by id").fetchall()
        kinds = {note_type.id: kind for kind, note_type in note_types().items()}
        files = media(package, frozenset(name for row in rows for name in _files_in(row[-1])), _LARGEST)
        found = []
        for nid, guid, mid, mod, tags, flds in rows:
            fields = tuple(flds.split("\x1f"))
            names = tuple(sorted(_files_in(flds) & files.keys()))
            found.append(
                Exported(guid, kinds[mid], decks[homes[nid]], tuple(tags.split()), fields, tuple(cards[nid]), names, mod)
            )
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CardsError(f"{package}: its collection can't be read: {error}") from None
    finally:
        opened.close()
    return found, files


def _files_in(fields: str) -> set[str]:
    """The names of the files that fields embed."""
    return {name for pair in _FILE.findall(fields) for name in pair if name}

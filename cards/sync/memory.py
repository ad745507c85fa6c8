"""What is remembered of each collection: what was delivered to it, and the last push, so that it can be taken back.

It lies in the user's data folder, one file a collection. Where it is lost, a push compares with what the decks delivered, and
an edit that it can't tell from a delivery stays in Anki.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import MsgspecError, Struct, json

from cards.model import CardKind, CardsError
from cards.sync.collection import Look, NoteInAnki
from cards.sync.plan import Delivered
from cards.vault import cache, files

HOME = "CARDS_DATA_DIR"  # environment variable for the folder of all memories


class LastPush(Struct, frozen=True, kw_only=True):
    """What a push found, and what it was about to do.

    `before` are the notes that it changed as they were, `after` the fields and tags that it gave notes, `added` the guids
    of new ones. `made` are those notes as they came out. `moved` are cards and the decks they came to, `suspended` and
    `resumed` are cards, `retired` and `returned` guids. `looks` are those that it changed as they were. `delivered` and
    `delivered_looks` are what was delivered before it. `version` is the collection's as it found it, `backup` the file that
    holds it.
    """

    before: Mapping[str, NoteInAnki]
    after: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    added: tuple[str, ...]
    moved: tuple[tuple[int, str], ...]
    suspended: tuple[int, ...]
    resumed: tuple[int, ...]
    retired: tuple[str, ...]
    returned: tuple[str, ...]
    delivered: Mapping[str, Delivered]
    looks: Mapping[CardKind, Look] = {}
    delivered_looks: Mapping[CardKind, str] = {}
    version: int = -1
    backup: str = ""
    made: Mapping[str, NoteInAnki] = {}


class Memory(Struct, frozen=True, kw_only=True):
    """What is known of one collection. `newest` is the latest `mod` that a push gave a note there, in seconds since 1970.

    `looks` are the digests of the looks that our note types got there.

    `begun` is a push that broke off, and may have been carried out in part; `last` is the last that came to its end.
    """

    delivered: Mapping[str, Delivered] = {}
    newest: int = 0
    looks: Mapping[CardKind, str] = {}
    last: LastPush | None = None
    begun: LastPush | None = None


_decode = json.Decoder(Memory).decode


def path_of(collection: Path, out: Path) -> Path:
    """The file for what the decks in `out` delivered to a collection."""
    names = "\0".join(os.path.realpath(path) for path in (collection, out))
    return home() / "collections" / f"{hashlib.sha256(os.fsencode(names)).hexdigest()[:24]}.json"


def home() -> Path:
    """The folder of all memories: `CARDS_DATA_DIR`, else a subfolder of the user's data folder."""
    if given := os.environ.get(HOME):
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("takeaway-cards", appauthor=False)


def load(path: Path) -> Memory:
    """Read what is known of a collection: nothing where the file is missing or damaged."""
    with suppress(OSError, ValueError, MsgspecError):
        return _decode(cache.read(path))
    return Memory()


def save(path: Path, memory: Memory) -> None:
    """Write what is known of a collection. Raises CardsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CardsError(f"{path.parent}: can't be created: {error.strerror}; set {HOME} to another folder") from None
    files.replace_file(path, cache.with_sum(json.encode(memory)))

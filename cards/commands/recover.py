"""A ledger rebuilt from decks: our own packages, or what Anki exported."""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cards.anki.note_types import note_types
from cards.anki.read_package import database as package_database
from cards.generator.typed_cloze import MAX_ORDINAL, without_marks
from cards.identity import fingerprint, ledger_file
from cards.identity.ledger import Entry, Ledger, Phrase, with_gone
from cards.identity.similarity import ASK_LENGTH, TEXT_LENGTH, normal
from cards.model import CardKind, CardsError, Fields, Run
from cards.model.prose import plain
from cards.pipeline.output import alone, read_ledger
from cards.vault import files
from cards.vault.files import replace_file

_STAMP = re.compile(r'<(a|span) class="at"[^>]*>.*?</\1>(?:, )?')


def recover(packages: Sequence[Path], out: Path) -> tuple[int, int]:
    """Add the cards of the packages to the ledger in `out`, and their ordinals; how many were added to, and how many it knew.

    A damaged ledger is put aside (`ledger.jsonl.damaged`), and what can still be read of it is kept. Raises CardsError for
    what is no package.
    """
    found: dict[str, Entry] = {}
    for package in packages:
        for entry in _entries(package):
            older = found.get(entry.guid)
            if older is None or older.mod <= entry.mod:
                found[entry.guid] = entry
    if not found:
        raise CardsError(f"{packages[0]}: holds no cards made by Cards")
    with alone(out, waiting=True):
        return _added(found, out)


def _added(found: Ledger, out: Path) -> tuple[int, int]:
    path = out / ledger_file.NAME
    content = _content(path)
    text = content.decode(errors="replace")
    altered: Ledger = {}
    damaged = False
    try:
        known = read_ledger(out, new_ledger=True)
    except CardsError:
        known, altered = ledger_file.salvage(text)
        damaged = True
    entries = {guid: _with_ordinals(known[guid], entry) if guid in known else entry for guid, entry in found.items()}
    # an altered line is believed its ordinals, and that a card is retired: no deck can say so
    for guid in entries.keys() & altered.keys():
        entries[guid] = replace(entries[guid], phrases=with_gone(entries[guid].phrases, altered[guid].phrases))
    retired = {guid: entry for guid, entry in altered.items() if not entry.live}
    entries = {**retired, **known, **entries}
    if damaged:
        replace_file(out / f"{ledger_file.NAME}.damaged", content)
    replace_file(path, ledger_file.dump(entries.values(), ledger_file.root_of(text.partition("\n")[0])).encode())
    same = sum(known.get(guid) == entries[guid] for guid in found)
    return len(found) - same, same


def _content(path: Path) -> bytes:
    try:
        return files.read(path).content
    except FileNotFoundError:
        return b""
    except OSError as error:  # what a link leads to must not be copied beside the decks
        raise CardsError(f"{path}: can't be read: {error.strerror or error}") from None


def _with_ordinals(known: Entry, found: Entry) -> Entry:
    """What the ledger knows of a card; where a deck has other ordinals than it ever had, with the deck's, which Anki knows."""
    known = replace(known, mod=max(known.mod, found.mod))  # what a deck says is never older than what got out
    ordinals = {phrase.ordinal for phrase in found.phrases}
    if ordinals <= {phrase.ordinal for phrase in known.phrases}:
        return known
    return replace(known, phrases=with_gone(found.phrases, known.phrases))


def _entries(package: Path) -> Iterator[Entry]:
    database, exported = package_database(package)
    kinds = {note_type.id: kind for kind, note_type in note_types().items()}
    try:
        rows = database.execute("select id, guid, mid, mod, tags, flds from notes order by id").fetchall()
        decks = _decks(database)
        cards: dict[int, list[tuple[int, int]]] = {}
        for nid, ordinal, did in database.execute("select nid, ord, did from cards order by ord"):
            cards.setdefault(nid, []).append((ordinal + 1, did))
        for line, (nid, guid, mid, mod, tags, flds) in enumerate(rows, start=1):
            fields = flds.split("\x1f")
            if mid in kinds and len(fields) == len(Fields._fields) and guid == fields[-1]:  # a copy made in Anki is the user's
                deck = decks.get(cards[nid][0][1], "Default") if nid in cards else "Default"
                ordinals = [ordinal for ordinal, _ in cards.get(nid, ())]
                entry = _entry(kinds[mid], guid, deck, mod, tags.split(), fields, ordinals, exported=exported)
                # notes stand in a package in the order of their takeaways, which tells equal ones apart
                entry = replace(entry, line=line)
                if not ledger_file.is_sound(entry):
                    raise ValueError(f"what it says of {guid!r} can't be")
                yield entry
    except (sqlite3.DatabaseError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise CardsError(f"{package}: its collection can't be read: {error}") from None
    finally:
        database.close()


def _decks(database: sqlite3.Connection) -> dict[int, str]:
    import json

    tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    if "decks" in tables:
        return {identity_: name.replace("\x1f", "::") for identity_, name in database.execute("select id, name from decks")}
    (text,) = database.execute("select decks from col").fetchone()
    return {int(key): deck["name"] for key, deck in json.loads(text).items()}


def _entry(
    kind: CardKind, guid: str, deck: str, mod: int, tags: list[str], fields: list[str], ordinals: list[int], *, exported: bool
) -> Entry:
    """What a deck still says of a card. Where its note was is not in the deck; the next build finds it by its words."""
    front, back = _plain(fields[0]), normal(_plain(fields[1]))
    if kind == "cloze":
        text, deletions = without_marks((Run(fields[0]),))
        found = {each.ordinal: Phrase(each.ordinal, _plain(each.text)) for each in reversed(deletions)}
        known = {ordinal: Phrase(ordinal, "", gone=True) for ordinal in ordinals} | found
        phrases = [phrase for ordinal, phrase in known.items() if 1 <= ordinal <= MAX_ORDINAL]  # Anki takes any that is typed
        ask, words = "", normal(_plain(plain(text)))
    else:
        phrases = []
        # a label that stood twice was shown with its heading
        ask = normal(front.rpartition(" › ")[2] or front)
        words = back
    # Anki may hold edits of the user's: what it exported is what we told it only where no one has touched it since
    touched = exported and mod != fingerprint.FIRST_MOD
    parts = "" if touched else fingerprint.parts_of(fields, tags)
    key = fingerprint.key_of(kind, ask, words)
    looks = (ask[:ASK_LENGTH], words[:TEXT_LENGTH])
    return Entry(guid, kind, deck, "", 0, key, *looks, tuple(sorted(phrases, key=lambda p: p.ordinal)), parts, mod, mod)


def _plain(field: str) -> str:
    field = _STAMP.sub("", field).replace("<!-- -->", "")
    field = re.sub(r"<(?:br|/p|/li|/div|/td|/th|/pre|/blockquote)\b[^>]*>", " ", field)
    field = re.sub(r"\[sound:[^\]]*\]|<[^>]*>", "", field)
    return " ".join(html.unescape(field).split())

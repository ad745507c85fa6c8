"""A ledger rebuilt from decks: our own packages, or what Anki exported."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from cards.anki import read_package
from cards.generator.typed_cloze import MAX_ORDINAL, without_marks
from cards.identity import fingerprint, ledger_file
from cards.identity.ledger import Entry, Ledger, Phrase, with_gone
from cards.identity.similarity import ASK_LENGTH, TEXT_LENGTH, normal
from cards.model import AnkiNote, CardsError, Fields, Run
from cards.model.prose import plain
from cards.pipeline.output import lock, read_ledger
from cards.vault import files
from cards.vault.files import replace_file

_BEFORE = re.compile(r'\A<span class="before">.*?</span> ', re.S)  # another sentence of the takeaway
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
    with lock(out):
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


def _entries(path: Path) -> Iterator[Entry]:
    """What a package still says of its cards. Raises CardsError."""
    package = read_package.read(files.read_deck(path), str(path))
    for line, note in enumerate(package.notes, start=1):
        if len(note.fields) != len(Fields._fields) or note.guid != note.fields[-1]:
            continue  # a copy made in Anki is the user's
        # notes stand in a package in the order of their takeaways, which tells equal ones apart
        entry = replace(_entry(note, by_anki=package.by_anki), line=line)
        if not ledger_file.is_sound(entry):
            raise CardsError(f"{path}: its collection can't be read: what it says of {note.guid!r} can't be")
        yield entry


def _entry(note: AnkiNote, *, by_anki: bool) -> Entry:
    """What a package still says of a card. Not where its note was; the next build finds it by its words."""
    ask, words, phrases = _cloze(note) if note.kind == "cloze" else _qa(note)
    # Anki may hold edits of the user's: what it exported is what we told it only where no one has touched it since
    touched = by_anki and note.mod != fingerprint.FIRST_MOD
    return Entry(
        guid=note.guid,
        kind=note.kind,
        deck=note.deck,
        note="",
        line=0,
        key=fingerprint.content_key(note.kind, ask, words),
        ask=ask[:ASK_LENGTH],
        text=words[:TEXT_LENGTH],
        phrases=phrases,
        parts="" if touched else fingerprint.parts_of(note.fields, note.tags),
        mod=note.mod,
        born=note.mod,
    )


def _cloze(note: AnkiNote) -> tuple[str, str, tuple[Phrase, ...]]:
    text, deletions = without_marks((Run(_BEFORE.sub("", note.fields[0], count=1)),))
    found = {each.ordinal: Phrase(each.ordinal, _plain(each.text)) for each in reversed(deletions)}
    known = {ordinal: Phrase(ordinal, "", gone=True) for ordinal in note.ordinals} | found
    phrases = [phrase for ordinal, phrase in known.items() if 1 <= ordinal <= MAX_ORDINAL]  # Anki takes any that is typed
    return "", normal(_plain(plain(text))), tuple(sorted(phrases, key=lambda each: each.ordinal))


def _qa(note: AnkiNote) -> tuple[str, str, tuple[Phrase, ...]]:
    front = _plain(note.fields[0])
    # a label that stood twice was shown with its heading
    return normal(front.rpartition(" › ")[2] or front), normal(_plain(note.fields[1])), ()


def _plain(field: str) -> str:
    field = _STAMP.sub("", field).replace("<!-- -->", "")
    field = re.sub(r"<(?:br|/p|/li|/div|/td|/th|/pre|/blockquote)\b[^>]*>", " ", field)
    field = re.sub(r"\[sound:[^\]]*\]|<[^>]*>", "", field)
    return " ".join(html.unescape(field).split())

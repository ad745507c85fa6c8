"""Try an import in the real Anki before the user does it.

Each deck is imported into an empty collection or a copy of the user's, once with each of OPTIONS. A second import must change
nothing. The user's own files are only ever copied, and packages are untrusted.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import sqlite3
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from cards.anki.field_text import gaps_in
from cards.anki.read_package import collection
from cards.identity.fingerprint import FIRST_MOD
from cards.model import CardsError
from cards.vault.files import read_deck
from cards.verify.verdict import OPTIONS, Finding, Trial, Tried, Verdict, apart, first_words

_LARGEST = 4 * 1024**3  # bytes of an unpacked package


def verify(packages: Sequence[Path], against: Path | None = None) -> Verdict:
    """Import each package into the real Anki. `against` is a `collection.anki2` or the folder of its profile.

    Raises CardsError if Anki is not installed, a file is no package, or the collection can't be copied whole.
    """
    try:
        import_module("anki.collection")
    except ImportError:
        raise CardsError("verify needs the real Anki: pip install 'takeaway-cards[anki]'") from None
    with TemporaryDirectory(prefix="cards-") as folder:
        base, media = _copy_collection(against, Path(folder)) if against else (None, frozenset[str]())
        decks = tuple(_try_package(package, base, media) for package in packages)
        return Verdict(decks, against, import_module("anki.buildinfo").version)


def _try_package(package: Path, base: Path | None, media: frozenset[str]) -> Tried:
    with TemporaryDirectory(prefix="cards-") as folder:
        copy = _repack(package, Path(folder))
        with closing(collection(read_deck(package), str(package))[0]) as database:
            try:
                guids = {nid: str(guid) for nid, guid in database.execute("select id, guid from notes")}
            except (sqlite3.DatabaseError, ValueError) as error:
                raise CardsError(f"{package}: its collection can't be read: {error}") from None
        missing = _missing(copy, media)
        return Tried(package, tuple(_trial(copy, base, options, guids, missing) for options in OPTIONS))


def _repack(package: Path, folder: Path) -> Path:
    """Copy a package for Anki by unpacking it up to _LARGEST, since a zip may declare false sizes.

    Raises CardsError if the zip is broken or too large.
    """
    import zstandard

    left = _LARGEST
    copy = folder / "package.apkg"
    try:
        if not package.is_file():  # opening a FIFO would block
            raise ValueError("it is not a file")
        with zipfile.ZipFile(package) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            plain = {"meta", "collection.anki2"} if "collection.anki21b" in source.namelist() else set(source.namelist())
            for name in dict.fromkeys(source.namelist()):
                entry = source.getinfo(name)
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{name} is packed in a way that Anki does not know")
                with source.open(entry) as packed, target.open(name, "w") as copied:
                    while left >= 0 and (chunk := packed.read(1 << 20)):
                        left -= len(chunk)
                        copied.write(chunk)
                if name not in plain:  # packed a second time by zstd
                    with source.open(entry) as packed:
                        content = zstandard.ZstdDecompressor().stream_reader(packed)
                        while left >= 0 and (chunk := content.read(1 << 20)):
                            left -= len(chunk)
    except Exception as error:  # zip and zstd each raise their own errors for a broken file
        raise CardsError(f"{package}: is not an Anki package ({type(error).__name__}: {error})") from None
    if left < 0:
        raise CardsError(f"{package}: is too large, over {_LARGEST // 1024**3} GB unpacked")
    return copy


def _copy_collection(against: Path, folder: Path) -> tuple[Path, frozenset[str]]:
    """Copy the collection, upgrade it to this Anki's schema, and list its media. Raises CardsError."""
    try:
        source = against / "collection.anki2" if against.is_dir() else against
        if not source.is_file():
            raise CardsError(f"{against}: there is no collection.anki2; name that file, or the folder of a profile")
        before = _stamps(source)
        if "-journal" in before:  # it may name another file, which SQLite would delete after a rollback
            raise CardsError(f"{against}: was not closed properly; open it in Anki once, close Anki and try again")
        for end in before:
            shutil.copyfile(f"{source}{end}", folder / f"collection.anki2{end}")
        if before != _stamps(source):
            raise CardsError(f"{against}: it changed while it was copied: close Anki and try again")
        media = source.with_suffix(".media")
        names = frozenset(unicodedata.normalize("NFC", name) for name in os.listdir(media)) if media.is_dir() else frozenset()
        with _opened(folder) as opened:
            damage = opened.db.scalar("pragma quick_check")
    except _errors() as error:
        raise CardsError(f"{against}: a copy of it can't be opened ({_sentence(error)}): close Anki and try again") from None
    if damage != "ok":
        raise CardsError(f"{against}: a copy of it is damaged: close Anki and try again")
    return folder / "collection.anki2", names


def _stamps(source: Path) -> dict[str, tuple[int, int]]:
    """The times (ns) and sizes of a collection and its SQLite files, by suffix. SQLite rebuilds the `-shm`, so not that."""
    files = {end: Path(f"{source}{end}") for end in ("", "-wal", "-journal")}
    return {end: (path.stat().st_mtime_ns, path.stat().st_size) for end, path in files.items() if path.is_file()}


# --------------------------------------------------------------------------------------------------------- in Anki


@contextmanager
def _opened(folder: Path) -> Iterator[Any]:
    """Open the collection in a folder, a new one if there is none."""
    with closing(import_module("anki.collection").Collection(str(folder / "collection.anki2"))) as opened:
        yield opened


def _errors() -> tuple[type[Exception], ...]:
    """The errors raised for a file that Anki can't use."""
    return import_module("anki.errors").AnkiException, OSError, ValueError


def _sentence(error: Exception) -> str:
    # Anki puts names between invisible bidi isolates
    return " ".join(re.sub("[\u2066-\u2069]", "", str(error)).split()) or type(error).__name__


def _imported(opened: Any, package: Path, options: str) -> Any:
    """Import a package and return Anki's log."""
    anki = import_module("anki.collection")
    switches = anki.ImportAnkiPackageOptions(**OPTIONS[options])
    request = anki.ImportAnkiPackageRequest(package_path=str(package.absolute()), options=switches)
    return opened.import_anki_package(request).log


def _missing(package: Path, media: frozenset[str]) -> tuple[Finding, ...]:
    """The files that Anki's Check Media reports as missing from the deck alone, except those the user has."""
    with TemporaryDirectory(prefix="cards-") as folder:
        try:
            with _opened(Path(folder)) as opened:
                _imported(opened, package, next(iter(OPTIONS)))
                report, notes = opened.media.check(), _state(opened).notes
        except _errors():
            return ()  # the trials report them
    findings = []
    for name in sorted(set(report.missing) - media):
        if not name.startswith("latex-"):  # Anki draws these when it shows a card
            users = [notes[nid] for nid in report.missing_media_notes if name in html.unescape(notes[nid].flds)]
            findings += [Finding("missing media", note.guid, note.words, now=name) for note in users or [_NO_NOTE]]
    return tuple(findings)


def _trial(package: Path, base: Path | None, options: str, guids: Mapping[int, str], missing: tuple[Finding, ...]) -> Trial:
    with TemporaryDirectory(prefix="cards-") as folder:
        try:
            if base:
                shutil.copyfile(base, Path(folder) / base.name)
            with _opened(Path(folder)) as opened:
                before, empty = _state(opened), _empty(opened)
                log = _imported(opened, package, options)
                after = _state(opened)
                found = [*missing, *_compared(before, after), *_renumbered(opened, before, after)]
                for note in log.conflicting:
                    found.append(Finding("conflicting", guids.get(note.id.nid, ""), first_words(note.fields[0])))
                for cid in sorted(_empty(opened) - empty):
                    found.append(after.finding("emptied" if cid in before.cards else "empty cards", cid))
                _imported(opened, package, options)
                found += _repeated(after, _state(opened))
        except _errors() as error:
            return Trial(options, findings=(*missing, Finding("refused", now=_sentence(error))))
    return Trial(options, len(log.new), len(log.updated), len(log.duplicate), tuple(found))


def _empty(opened: Any) -> set[int]:
    """The ids of empty cards."""
    return {cid for note in opened.get_empty_cards().notes for cid in note.card_ids}


class _Note(NamedTuple):
    guid: str
    mid: int
    mod: int
    tags: str
    flds: str

    @property
    def words(self) -> str:
        return first_words(self.flds.split("\x1f")[0])


_NO_NOTE = _Note("", 0, 0, "", "")
_CARD = "nid, did, ord, reps, type, queue, due, ivl, factor, lapses, left, odue, odid, flags, data"


@dataclass(frozen=True, slots=True)
class _State:
    """The parts of a collection that an import could harm: notes, cards (`_CARD`), decks and note types, by id.

    `reviews` maps each card to the number of its reviews and the sum of their ids, since there may be millions. `design` is
    the note types without their times, which a merging import always updates; `fields` are the names of a note type's fields.
    """

    schema: int
    notes: dict[int, _Note]
    cards: dict[int, tuple[Any, ...]]
    reviews: dict[int, tuple[int, int]]
    decks: dict[int, str]
    types: dict[int, str]
    fields: dict[int, list[str]]
    design: list[Any]

    @property
    def reviewed(self) -> list[int]:
        """The cards with reviews."""
        return [cid for cid, (_, _, _, reps, *_) in self.cards.items() if reps or cid in self.reviews]

    def finding(self, kind: str, cid: int, was: str = "", now: str = "") -> Finding:
        """Make a finding about a card."""
        nid, did, number, *_ = self.cards.get(cid, (0, 0, 0))
        note = self.notes.get(nid, _NO_NOTE)
        return Finding(kind, note.guid, note.words, was, now or f"card {number + 1} in {self.decks.get(did)}")


def _state(opened: Any) -> _State:
    rows = opened.db.all
    names = rows("select ntid, name from fields order by ntid, ord")
    return _State(
        opened.db.scalar("select scm from col"),
        {nid: _Note(*rest) for nid, *rest in rows("select id, guid, mid, mod, tags, flds from notes")},
        {cid: tuple(rest) for cid, *rest in rows(f"select id, {_CARD} from cards order by nid, ord")},
        {cid: (number, total) for cid, number, total in rows("select cid, count(), sum(id) from revlog group by cid")},
        {did: name.replace("\x1f", "::") for did, name in rows("select id, name from decks")},
        dict(rows("select id, name from notetypes")),
        {mid: [name for each, name in names if each == mid] for mid in {each for each, _ in names}},
        rows(
            "select id, 0, name, hex(config) from notetypes union all select ntid, ord, name, hex(config) from fields "
            "union all select ntid, ord, name, hex(config) from templates order by 1, 2, 3, 4"
        ),
    )


# ---------------------------------------------------------------------------------------------------- comparison


def _compared(before: _State, after: _State) -> Iterator[Finding]:
    """Find differences between the states before and after an import."""
    if before.schema != after.schema:
        yield Finding("full sync")
    for cid, was in before.reviews.items():
        now = after.reviews.get(cid, (0, 0))
        # a deleted card may come back with the deck's reviews
        if was != now and (cid in before.cards or was[0] > now[0]):
            yield before.finding("reviews lost", cid, f"{was[0]:,} reviews", f"{now[0]:,} reviews")
    for cid in sorted(before.cards.keys() - after.cards.keys()):
        yield before.finding("deleted", cid)
    for cid in before.reviewed:
        old, new = before.cards[cid], after.cards.get(cid, before.cards[cid])
        if old[:3] != new[:3]:
            yield before.finding("moved", cid, before.finding("", cid).now, after.finding("", cid).now)
        elif old != new:
            changed = [column for column in zip(_CARD.split(", "), old, new, strict=True) if column[1] != column[2]]
            texts = [", ".join(f"{name} {values[side]}" for name, *values in changed) for side in (0, 1)]
            yield before.finding("rescheduled", cid, *texts)
    with_cards = {nid for nid, *_ in after.cards.values()}
    for nid in sorted(after.notes.keys() - before.notes.keys() - with_cards):
        yield Finding("no card", after.notes[nid].guid, after.notes[nid].words)
    for mid in sorted(after.types.keys() - before.types.keys()):
        if (name := after.types[mid]).rstrip("+") in before.types.values():
            yield Finding("other note type", now=name)
    for nid in dict.fromkeys(before.cards[cid][0] for cid in before.reviewed):
        note, flds = before.notes.get(nid, _NO_NOTE), after.notes.get(nid, _NO_NOTE).flds
        if note.flds.rstrip("\x1f") != flds.rstrip("\x1f"):  # an added empty field changes no text
            yield Finding("rewritten", note.guid, note.words, *apart(note.flds, flds))
    for nid, note in before.notes.items():
        if note.mod != FIRST_MOD:
            yield from _replaced(note, after.notes.get(nid, note), before.fields.get(note.mid, []))


def _replaced(note: _Note, now: _Note, names: Sequence[str]) -> Iterator[Finding]:
    """Find the fields with text that an import replaces."""
    for name, was, text in zip(names, note.flds.split("\x1f"), now.flds.split("\x1f"), strict=False):
        if was and was != text:
            old, new = apart(was, text)
            yield Finding("own words", note.guid, f"{note.words} · {name}", old, new)


def _renumbered(opened: Any, before: _State, after: _State) -> Iterator[Finding]:
    """Find cards with reviews whose phrase now has another number."""
    hidden = opened.extract_cloze_for_typing
    for cid in before.reviewed:
        nid, _, number, *_ = before.cards[cid]
        old, new = before.notes.get(nid, _NO_NOTE).flds, after.notes.get(nid, _NO_NOTE).flds
        if old != new and (was := hidden(old, number + 1)):
            phrases = {gap: hidden(new, gap) for gap in gaps_in(new)}
            if (now := phrases.get(number + 1, "")) != was and was in phrases.values():
                yield before.finding(
                    "renumbered", cid, f"c{number + 1} {first_words(was)}", f"c{number + 1} {first_words(now)}"
                )


def _repeated(after: _State, again: _State) -> Iterator[Finding]:
    """Find differences between the states after the first and the second import."""
    nids = {nid for nid, note in again.notes.items() if after.notes.get(nid) != note}
    nids |= {card[0] for cid, card in again.cards.items() if after.cards.get(cid) != card}
    for note in (again.notes.get(nid, _NO_NOTE) for nid in sorted(nids)):
        yield Finding("second import", note.guid, note.words)
    if after != again and not nids:
        yield Finding("second import", now="note types, decks or reviews")

"""What an import would do, tried out in the real Anki before the user does it.

Each deck goes into a throw-away collection, or into a copy of the user's own, once for each way people import: as the dialog
is by default, and with note types merged and learning progress imported. Then it goes in again, which must change nothing.
The user's own files are only ever copied, and a package is believed nothing.
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

from cards.anki.read_package import collection
from cards.model import CardsError
from cards.vault.files import read_deck
from cards.verify.verdict import GAP, OPTIONS, Finding, Trial, Tried, Verdict, apart, first_words

_LARGEST = 4 * 1024**3  # bytes of all that is in a package, unpacked


def verify(packages: Sequence[Path], against: Path | None = None) -> Verdict:
    """Import each package in the real Anki. `against` is a `collection.anki2`, or the folder of the profile that holds it.

    Raises CardsError where Anki is not installed, for what is no package, and for a collection that is not copied whole.
    """
    try:
        import_module("anki.collection")
    except ImportError:
        raise CardsError("verify needs the real Anki: pip install 'takeaway-cards[anki]'") from None
    with TemporaryDirectory(prefix="cards-") as folder:
        base, media = _copied(against, Path(folder)) if against else (None, frozenset[str]())
        return Verdict(
            tuple(_tried(package, base, media) for package in packages), against, import_module("anki.buildinfo").version
        )


def _tried(package: Path, base: Path | None, media: frozenset[str]) -> Tried:
    with TemporaryDirectory(prefix="cards-") as folder:
        copy = _believed(package, Path(folder))
        with closing(collection(read_deck(package), str(package))[0]) as opened:
            try:
                guids = {nid: str(guid) for nid, guid in opened.execute("select id, guid from notes")}
            except (sqlite3.DatabaseError, ValueError) as error:
                raise CardsError(f"{package}: its collection can't be read: {error}") from None
        missing = _missing(copy, media)
        return Tried(package, tuple(_trial(copy, base, options, guids, missing) for options in OPTIONS))


def _believed(package: Path, folder: Path) -> Path:
    """A copy of a package for Anki, of what was read of it: the sizes that a zip gives may be lies.

    Raises CardsError for a broken zip, and for one that unpacks to too much.
    """
    import zstandard

    left = _LARGEST
    copy = folder / "package.apkg"
    try:
        if not package.is_file():  # a FIFO would be waited for
            raise ValueError("it is not a file")
        with zipfile.ZipFile(package) as opened, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            plain = {"meta", "collection.anki2"} if "collection.anki21b" in opened.namelist() else set(opened.namelist())
            for name in dict.fromkeys(opened.namelist()):
                entry = opened.getinfo(name)
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{name} is packed in a way that Anki does not know")
                with opened.open(entry) as packed, made.open(name, "w") as copied:
                    while left >= 0 and (chunk := packed.read(1 << 20)):
                        left -= len(chunk)
                        copied.write(chunk)
                if name not in plain:
                    with opened.open(entry) as packed:
                        content = zstandard.ZstdDecompressor().stream_reader(packed)
                        while left >= 0 and (chunk := content.read(1 << 20)):
                            left -= len(chunk)
    except Exception as error:  # zip and zstd each have errors of their own for a broken file
        raise CardsError(f"{package}: is not an Anki package ({type(error).__name__}: {error})") from None
    if left < 0:
        raise CardsError(f"{package}: is too large, over {_LARGEST // 1024**3} GB unpacked")
    return copy


def _copied(against: Path, folder: Path) -> tuple[Path, frozenset[str]]:
    """A copy of the collection, in the schema of this Anki, and the names of its media. Raises CardsError."""
    try:
        source = against / "collection.anki2" if against.is_dir() else against
        if not source.is_file():
            raise CardsError(f"{against}: there is no collection.anki2; name that file, or the folder of a profile")
        before = _stamps(source)
        if "-journal" in before:  # it may name another file, which SQLite deletes when it has played it back
            raise CardsError(f"{against}: was not closed well; open it in Anki once, close Anki and try again")
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
    """The times and sizes of a collection and of what an open Anki keeps beside it, by the ends of their names.

    The `-shm` is none of them: SQLite makes it anew.
    """
    files = {end: Path(f"{source}{end}") for end in ("", "-wal", "-journal")}
    return {end: (path.stat().st_mtime_ns, path.stat().st_size) for end, path in files.items() if path.is_file()}


# --------------------------------------------------------------------------------------------------------- in Anki


@contextmanager
def _opened(folder: Path) -> Iterator[Any]:
    opened = import_module("anki.collection").Collection(str(folder / "collection.anki2"))
    try:
        yield opened
    finally:
        opened.close()


def _errors() -> tuple[type[Exception], ...]:
    """What comes of a file that Anki can't work with."""
    return import_module("anki.errors").AnkiException, OSError, ValueError


def _sentence(error: Exception) -> str:
    # Anki isolates names by invisible marks
    return " ".join(re.sub("[\u2066-\u2069]", "", str(error)).split()) or type(error).__name__


def _imported(opened: Any, package: Path, options: str) -> Any:
    """Import a package; Anki's log of it."""
    anki = import_module("anki.collection")
    given = anki.ImportAnkiPackageOptions(**OPTIONS[options])
    return opened.import_anki_package(anki.ImportAnkiPackageRequest(package_path=str(package.absolute()), options=given)).log


def _missing(package: Path, media: frozenset[str]) -> tuple[Finding, ...]:
    """What Anki's Check Media misses where nothing but the deck was imported, and the user does not have either."""
    with TemporaryDirectory(prefix="cards-") as folder:
        try:
            with _opened(Path(folder)) as opened:
                _imported(opened, package, next(iter(OPTIONS)))
                report, notes = opened.media.check(), _state(opened).notes
        except _errors():
            return ()  # the trials say so
    found = []
    # Anki makes the pictures of LaTeX itself, when a card is shown
    for name in sorted(each for each in set(report.missing) - media if not each.startswith("latex-")):
        users = [notes[nid] for nid in report.missing_media_notes if name in html.unescape(notes[nid].flds)]
        found += [Finding("missing media", note.guid, note.words, now=name) for note in users or [_NO_NOTE]]
    return tuple(found)


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
                found += (
                    Finding("conflicting", guids.get(each.id.nid, ""), first_words(each.fields[0])) for each in log.conflicting
                )
                emptied = sorted(_empty(opened) - empty)
                found += (after.finding("emptied" if cid in before.cards else "empty cards", cid) for cid in emptied)
                _imported(opened, package, options)
                found += _repeated(after, _state(opened))
        except _errors() as error:
            return Trial(options, findings=(*missing, Finding("refused", now=_sentence(error))))
    return Trial(options, len(log.new), len(log.updated), len(log.duplicate), tuple(found))


def _empty(opened: Any) -> set[int]:
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
    """A collection as far as an import could harm it. Notes, cards (`_CARD`), decks and note types by id.

    `reviews` are for each card the number of its reviews and the sum of their ids, as there may be millions. `design` is all
    that note types say but the time of their change: a merging import always stamps them anew.
    """

    schema: int
    notes: dict[int, _Note]
    cards: dict[int, tuple[Any, ...]]
    reviews: dict[int, tuple[int, int]]
    decks: dict[int, str]
    types: dict[int, str]
    design: list[Any]

    @property
    def reviewed(self) -> list[int]:
        """The cards with reviews."""
        return [cid for cid, (_, _, _, reps, *_) in self.cards.items() if reps or cid in self.reviews]

    def finding(self, kind: str, cid: int, was: str = "", now: str = "") -> Finding:
        """A finding about a card."""
        nid, did, number, *_ = self.cards.get(cid, (0, 0, 0))
        note = self.notes.get(nid, _NO_NOTE)
        return Finding(kind, note.guid, note.words, was, now or f"card {number + 1} in {self.decks.get(did)}")


def _state(opened: Any) -> _State:
    rows = opened.db.all
    return _State(
        opened.db.scalar("select scm from col"),
        {nid: _Note(*rest) for nid, *rest in rows("select id, guid, mid, mod, tags, flds from notes")},
        {cid: tuple(rest) for cid, *rest in rows(f"select id, {_CARD} from cards order by nid, ord")},
        {cid: (number, total) for cid, number, total in rows("select cid, count(), sum(id) from revlog group by cid")},
        {did: name.replace("\x1f", "::") for did, name in rows("select id, name from decks")},
        dict(rows("select id, name from notetypes")),
        rows(
            "select id, 0, name, hex(config) from notetypes union all select ntid, ord, name, hex(config) from fields "
            "union all select ntid, ord, name, hex(config) from templates order by 1, 2, 3, 4"
        ),
    )


# ---------------------------------------------------------------------------------------------------- what changed


def _compared(before: _State, after: _State) -> Iterator[Finding]:
    if before.schema != after.schema:
        yield Finding("full sync")
    for cid, was in before.reviews.items():
        now = after.reviews.get(cid, (0, 0))
        # a card that was deleted may come back with reviews that the deck brings
        if was != now and (cid in before.cards or was[0] > now[0]):
            yield before.finding("reviews lost", cid, f"{was[0]:,} reviews", f"{now[0]:,} reviews")
    for cid in sorted(before.cards.keys() - after.cards.keys()):
        yield before.finding("deleted", cid)
    for cid in before.reviewed:
        old, new = before.cards[cid], after.cards.get(cid, before.cards[cid])
        if old[:3] != new[:3]:
            yield before.finding("moved", cid, before.finding("", cid).now, after.finding("", cid).now)
        elif old != new:
            both = [each for each in zip(_CARD.split(", "), old, new, strict=True) if each[1] != each[2]]
            told = [", ".join(f"{name} {values[side]}" for name, *values in both) for side in (0, 1)]
            yield before.finding("rescheduled", cid, *told)
    with_cards = {nid for nid, *_ in after.cards.values()}
    for nid in sorted(after.notes.keys() - before.notes.keys() - with_cards):
        yield Finding("no card", after.notes[nid].guid, after.notes[nid].words)
    for mid in sorted(after.types.keys() - before.types.keys()):
        if (name := after.types[mid]).rstrip("+") in before.types.values():
            yield Finding("other note type", now=name)
    for nid in dict.fromkeys(before.cards[cid][0] for cid in before.reviewed):
        note, flds = before.notes.get(nid, _NO_NOTE), after.notes.get(nid, _NO_NOTE).flds
        if note.flds.rstrip("\x1f") != flds.rstrip("\x1f"):  # a field more is not another text
            yield Finding("rewritten", note.guid, note.words, *apart(note.flds, flds))


def _renumbered(opened: Any, before: _State, after: _State) -> Iterator[Finding]:
    """The cards with reviews whose phrase stands under another number now."""
    hidden = opened.extract_cloze_for_typing
    for cid in before.reviewed:
        nid, _, number, *_ = before.cards[cid]
        old, new = before.notes.get(nid, _NO_NOTE).flds, after.notes.get(nid, _NO_NOTE).flds
        if old != new and (was := hidden(old, number + 1)):
            phrases = {int(each): hidden(new, int(each)) for each in set(GAP.findall(new))}
            if (now := phrases.get(number + 1, "")) != was and was in phrases.values():
                yield before.finding(
                    "renumbered", cid, f"c{number + 1} {first_words(was)}", f"c{number + 1} {first_words(now)}"
                )


def _repeated(after: _State, again: _State) -> Iterator[Finding]:
    nids = {nid for nid, note in again.notes.items() if after.notes.get(nid) != note}
    nids |= {card[0] for cid, card in again.cards.items() if after.cards.get(cid) != card}
    for note in (again.notes.get(nid, _NO_NOTE) for nid in sorted(nids)):
        yield Finding("second import", note.guid, note.words)
    if after != again and not nids:
        yield Finding("second import", now="note types, decks or reviews")

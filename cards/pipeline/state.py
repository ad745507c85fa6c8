"""What has changed since the last build, seen without reading what has not: most builds have little or nothing to do.

What the last build saw (notes, media, decks: size and time of each) is remembered in the cache with what it said. A file with
another time is read and compared by its content. Anything odd means that a build has to look for itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import MsgspecError, Struct, json

from cards.model import CardsError, Problem
from cards.pipeline.report import DeckFile, Report, Result, Totals
from cards.vault import cache, scan
from cards.vault.config import Config
from cards.vault.files import is_unfinished
from cards.vault.note_files import Raw, Stamp, VaultFiles, digest
from cards.vault.scan import FileStat, Tree

NAME = "last.json"
# problems that another file may solve, without a change of what is remembered
OPEN = frozenset({"unread", "recording", "audio", "unreadable", "outside", "encoding", "large", "fault"})
_LASTING = frozenset({"frontmatter", "media", "partial"})  # problems that the next build has, too
_RACY = 2_000_000_000  # nanoseconds: what changed this shortly before a build may change again without showing it

SizeAndTime = tuple[int, int]  # bytes, and nanoseconds since 1970


class NoteState(Struct, frozen=True, array_like=True):
    """What is remembered of a note: its size and times, the hash of its content, and how much it gave."""

    size: int
    changed: int
    touched: int
    digest: str
    cards: int
    skipped: int


class DeckState(Struct, frozen=True, array_like=True):
    """What is remembered of a package."""

    path: str
    deck: str
    qa: int
    cloze: int


class LastBuild(Struct, frozen=True, kw_only=True):
    """The record of a build.

    `settings` is a hash of all that it depends on besides files, `media` one of the names of media, `files` are those that its
    cards were made from, `out` the decks' own. `linked` says that notes show Logseq blocks of other notes: then a change of one
    may change any.
    """

    settings: str
    notes: dict[str, NoteState]
    media: str
    files: dict[str, SizeAndTime]
    out: dict[str, SizeAndTime]
    decks: tuple[DeckState, ...]
    problems: tuple[Problem, ...]
    linked: bool = False

    def report(self) -> Report:
        """What a build says that has nothing to do."""
        counts = {path: (note.cards, note.skipped) for path, note in self.notes.items()}
        decks = tuple(DeckFile(Path(one.path), one.deck, {"qa": one.qa, "cloze": one.cloze}, False) for one in self.decks)
        return Report(Result(problems=self.problems, totals=Totals.of(counts, len(self.notes))), decks)


_decode = json.Decoder(LastBuild).decode


class Changed(NamedTuple):
    """The vault now, the notes that are new or edited, those that are gone, and the build that saw the others."""

    tree: Tree
    changed: frozenset[str]
    gone: frozenset[str]
    last: LastBuild

    @property
    def nothing(self) -> bool:
        """Whether all is as it was."""
        return not (self.changed or self.gone)

    @property
    def kept(self) -> dict[str, NoteState]:
        """The notes that are as they were."""
        return {path: note for path, note in self.last.notes.items() if path not in self.changed | self.gone}


class Seen(NamedTuple):
    """What a build read: the vault, its notes' digests and stamps, the other files, and how much each note gave."""

    tree: Tree
    digests: Mapping[str, str]
    stamps: Mapping[str, Stamp]
    files: tuple[str, ...]
    counts: Mapping[str, tuple[int, int]]
    linked: bool = False


def changes_since_last_build(config: Config) -> Changed | None:
    """What has changed in the notes; None where anything else has, or nothing is known of the last build."""
    try:
        last = _decode(cache.read(cache.folder(config.out) / NAME))
        if last.settings != _settings(config):
            return None
        tree = scan.look_around(config)
        if tree.problems or last.media != _names(tree.media):
            return None
        if any(_size_and_time(path) != seen for path, seen in (*last.files.items(), *last.out.items())):
            return None
        if set(_deck_files(config)) != last.out.keys():
            return None
    except (OSError, ValueError, MsgspecError):
        return None
    files = VaultFiles(config.root)
    changed = frozenset(note.path for note in tree.notes if not _is_same(files, note, last.notes.get(note.path)))
    gone = frozenset(last.notes.keys() - {note.path for note in tree.notes})
    return None if last.linked and (changed or gone) else Changed(tree, changed, gone, last)


def remember(config: Config, read: Seen, report: Report, began: int, kept: Mapping[str, SizeAndTime] | None = None) -> None:
    """Remember a build that began at `began` (nanoseconds since 1970): what it read, and what the next one says.

    `kept` are files that an earlier build read, as it saw them.
    """
    path = cache.folder(config.out) / NAME
    problems = report.result.problems
    with suppress(OSError, CardsError):
        if len(read.digests) != len(read.tree.notes) or any(problem.code in OPEN for problem in problems):
            path.unlink(missing_ok=True)
            return
        record = LastBuild(
            settings=_settings(config),
            notes={note.path: _note_state(note, read, began) for note in read.tree.notes},
            media=_names(read.tree.media),
            files={**{each: _as_read(each, began) for each in read.files}, **(kept or {})},
            out={each: _size_and_time(each) for each in _deck_files(config)},
            decks=tuple(DeckState(str(deck.path), deck.deck, *deck.counts.values()) for deck in report.decks),
            problems=tuple(problem for problem in problems if problem.code in _LASTING),
            linked=read.linked,
        )
        cache.write(path, json.encode(record))


def _note_state(note: FileStat, read: Seen, began: int) -> NoteState:
    settled = _settled(note.changed, began) if read.stamps.get(note.path, note[1:]) == note[1:] else 0
    return NoteState(note.size, settled, note.touched, read.digests[note.path], *read.counts[note.path])


def _settled(changed: int, began: int) -> int:
    """A time of change, 0 for one too near to tell what was read from what came after."""
    return changed if changed < began - _RACY else 0


def _as_read(path: str, began: int) -> SizeAndTime:
    size, changed = _size_and_time(path)
    return size, _settled(changed, began)


def _is_same(files: VaultFiles, note: FileStat, known: NoteState | None) -> bool:
    """Whether a note is the one that is known: by size and times, else by content. A copy may keep one time, not both."""
    if known is None or note.size != known.size:
        return False
    if (note.changed, note.touched) == (known.changed, known.touched):
        return True
    read = files.read(note.path)
    return isinstance(read, Raw) and digest(read.content) == known.digest


def _names(paths: tuple[str, ...]) -> str:
    return digest("\0".join(paths).encode("utf-8", "surrogatepass"))


def _deck_files(config: Config) -> list[str]:
    """The files of the folder of the decks that a build answers for, what a killed one left among them."""
    names = os.listdir(config.out)
    ours = (name for name in names if name.endswith((".apkg", ".jsonl")) or is_unfinished(name))
    return [os.path.join(config.out, name) for name in ours]


def _size_and_time(path: str) -> SizeAndTime:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


def _settings(config: Config) -> str:
    """A hash of all that a build depends on besides files."""
    obsidian = (config.root / ".obsidian").is_dir()
    return digest(f"{cache.version()}\x1f{config!r}\x1f{obsidian}\x1f{os.getcwd()}".encode())

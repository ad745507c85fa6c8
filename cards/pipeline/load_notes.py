"""The notes of a run, read: from the cache where their content is known, else parsed, by several processes where many are."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from cards.generator import generate
from cards.identity.fingerprint import Known, known_by
from cards.identity.similarity import Looks
from cards.model import CardsError, Draft, Problem, Skipped
from cards.parser import parse
from cards.vault import note_files
from cards.vault.cache import Cache, Given
from cards.vault.codec import pack, unpack, weight
from cards.vault.config import Config
from cards.vault.naming import deck_of, tags_of

Progress = Callable[[list[str], str], Iterable[str]]


_WORTH = 150  # notes to parse from which on a second process pays
_CHUNK = 20  # notes that a process is given at once
_LONG = 50_000  # characters of a note from which on its cards could be too much
_LARGEST = 100_000_000  # characters of all cards of a note


def unseen(items: list[str], label: str) -> Iterable[str]:
    """The items, without a bar."""
    return items


class Reading(NamedTuple):
    """What one note gave, before identity. What is large stays packed: of a whole vault it would fill the memory."""

    title: str
    source: str | None
    deck: str
    tags: tuple[str, ...]
    problems: tuple[Problem, ...]
    recording: str | None
    file: str | None
    known: tuple[Known, ...]  # what its drafts are recognised by
    left_out: int  # how many takeaways gave no card
    packed: tuple[bytes, bytes]

    def drafts(self) -> tuple[Draft, ...]:
        """The drafts, unpacked at every call."""
        found: tuple[Draft, ...] = unpack(self.packed[0])
        return found

    def skipped(self) -> tuple[Skipped, ...]:
        """What gave no card, unpacked at every call."""
        found: tuple[Skipped, ...] = unpack(self.packed[1])
        return found


def _reading(given: bytes, drafts: bytes, skipped: bytes) -> Reading:
    """A reading as `read` packed it."""
    *values, rows, left_out = unpack(given)
    known = tuple(Known._make((*row[:-2], Looks._make(row[-2]), row[-1])) for row in rows)
    return Reading._make((*values, known, left_out, (drafts, skipped)))


@dataclass(slots=True)
class Readings:
    """What the notes gave by path, in their order; the digests of those that were read, and their stamps; the unread paths."""

    found: list[tuple[str, Reading]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    stamps: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def read_all(config: Config, wanted: list[str], present: set[str], progress: Progress) -> Readings:
    """Read these notes. `present` are all notes there are: what the cache knows of others is forgotten."""
    out = Readings()
    cache = Cache(config.out, repr((config.options, config.kinds, config.deck, config.tags, config.folders)))
    kept = {path: one for path in wanted if (one := _kept(config, cache, path))}
    parsed = _parsed(config, [path for path in wanted if path not in kept])
    for path in progress(wanted, "reading notes"):
        known = path in kept
        one = kept.pop(path) if known else next(parsed)
        if one.problem is not None:
            out.problems.append(one.problem)
            out.unread.add(path)
            continue
        if not known:
            cache.add(path, one.digest, one.given)
        out.digests[path], out.stamps[path] = one.digest, one.stamp
        reading = _reading(*one.given)
        out.problems += reading.problems
        out.found.append((path, reading))
    cache.save(config.root, present)
    return out


def _kept(config: Config, cache: Cache, path: str) -> _Parsed | None:
    """What the cache has of a note, or why it can't be read; None where it has to be parsed."""
    read = note_files.read_bytes(config.root, path)
    if isinstance(read, Problem):
        return _Parsed(path, problem=read)
    digest = note_files.digest(read.content)
    given = cache.get(path, digest)
    return _Parsed(path, digest, read.stamp, given) if given else None


class _Parsed(NamedTuple):
    """A note parsed: its path, digest and stamp, and what it gave as the cache keeps it, or the problem there was."""

    path: str
    digest: str = ""
    stamp: tuple[int, int, int] = (0, 0, 0)
    given: Given = (b"", b"", b"")
    problem: Problem | None = None


def _parsed(config: Config, paths: list[str]) -> Iterator[_Parsed]:
    """The notes parsed, in their order."""
    jobs = min(config.jobs or os.cpu_count() or 1, len(paths) // _WORTH + 1)
    if jobs < 2:
        yield from map(partial(_parse, config), paths)
        return
    # a fork is ready at once, where nothing else runs that it could tear; elsewhere the processes begin anew
    can_fork = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if can_fork else "spawn")
    done = 0
    try:
        with ProcessPoolExecutor(jobs, context, _begin) as pool:
            for one in pool.map(partial(_parse, config), paths, chunksize=_CHUNK):
                done += 1
                yield one
    except BrokenProcessPool:  # one was killed, as where memory is short
        yield from map(partial(_parse, config), paths[done:])


def _begin() -> None:
    """The start of a process that reads: without the collector, and gone with the build, however that ends."""
    gc.disable()
    if build := multiprocessing.parent_process():  # a build that is killed can't tell it

        def leave() -> None:
            build.join()
            os._exit(1)

        threading.Thread(target=leave, daemon=True).start()


def _parse(config: Config, path: str) -> _Parsed:
    content = note_files.read_note(config.root, path)
    if isinstance(content, Problem):
        return _Parsed(path, problem=content)
    try:
        return _Parsed(path, content.digest, content.stamp, read(config, path, content.text))
    except CardsError as error:
        return _Parsed(path, problem=Problem(path, 0, "large", str(error)))
    except Exception as error:  # a fault of ours in one note must not cost the cards of all others
        message = f"can't be read, which is a fault in Cards ({type(error).__name__}: {error}); please report it with the note"
        return _Parsed(path, problem=Problem(path, 0, "fault", message))


def read(config: Config, path: str, text: str) -> Given:
    """What a note's text gives, packed: its reading, its drafts, and what gave none. Raises CardsError for too much of it."""
    note = parse(text, path, config.options)
    drafts, skipped = generate(note, config.folder_of(path).kinds or config.kinds) if note.wanted else ((), ())
    left_out = (*note.skipped, *skipped) if note.wanted else ()
    given = (
        note.title,
        note.source,
        deck_of(config, note),
        tags_of(config, note),
        note.problems,
        note.recording,
        note.file,
        tuple(map(known_by, drafts)),
        len(left_out),
    )
    if len(text) > _LONG and weight(drafts) + weight(given[:4]) * len(drafts) > _LARGEST:
        raise CardsError(
            f"its cards would hold over {_LARGEST // 1_000_000} million characters, as each repeats its title, headings, tags "
            "or links; shorten those, or split the note"
        )
    return pack(given), pack(drafts), pack(left_out)


@contextmanager
def without_collector() -> Iterator[None]:
    """Without the garbage collector: a run makes many values that stay, in no cycles, and looking at them all is in vain."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()

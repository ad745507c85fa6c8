"""The notes of a run, read: from the cache where their content is known, else parsed, by several processes where many are."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from msgspec import MsgspecError, Struct, msgpack
from zstandard import ZstdCompressor, ZstdDecompressor

from cards.anki import render
from cards.generator import generate
from cards.identity.fingerprint import CardKey, DraftPhrase, card_key, ordinals_of, phrases_of, with_ordinals
from cards.lint.checks import ParsedNote
from cards.media.embeds import targets
from cards.model import CardsError, Cloze, Draft, Problem, Skipped, Timestamp
from cards.parser import parse
from cards.vault.cache import NoteCache
from cards.vault.config import Config
from cards.vault.naming import deck_of, named_deck, tags_of
from cards.vault.note_files import Raw, Stamp, VaultFiles, digest, note_text

Progress = Callable[[list[str], str], Iterable[str]]

_WORTH = 150  # notes to parse from which on a second process pays
_CHUNK = 20  # notes that a process is given at once
_LONG = 50_000  # characters of a note from which on its cards could be too much
_LARGEST = 100_000_000  # characters of all cards of a note


def no_progress(items: list[str], label: str) -> Iterable[str]:
    """The items, without a bar."""
    return items


class RenderedDraft(Struct, frozen=True, array_like=True):
    """What a package needs of a draft, made by whoever parsed the note.

    `fields` are Front or Text, Back, Context and Timestamps, with the ordinals that a new card gets. With `embeds` they are
    drawn later: they lack the names of media, which only the vault can tell, or the draft is refused.
    """

    fields: tuple[str, str, str, str]
    phrases: tuple[DraftPhrase, ...]
    typed: bool
    embeds: bool
    stamps: tuple[Timestamp, ...]


class NoteCards(Struct, frozen=True, array_like=True, kw_only=True):
    """The cards of one note, before identity. Large values stay packed: a whole vault of them would fill the memory.

    `skipped` says of each takeaway without a card why, as if none of those lived that the rules refuse.

    `broken` says that its frontmatter can't be read, perhaps since it is being written, and `unsettled` that what can be read
    of it names no deck.
    `own_tags` are the note's tags without those of `cards.toml`, `skipped_count` the number of takeaways without a card,
    `recording` the URL that bare stamps open, `file` the recording as the note names it in its vault, `language` the one it
    is written in, `chosen` the sections of `cards.toml` that it has.
    """

    title: str
    source: str | None
    deck: str
    tags: tuple[str, ...]
    own_tags: tuple[str, ...]
    problems: tuple[Problem, ...]
    recording: str | None
    file: str | None
    language: str
    chosen: tuple[str, ...]
    named_blocks: tuple[tuple[str, str], ...]
    referred_blocks: tuple[str, ...]
    broken: bool
    unsettled: bool
    keys: tuple[CardKey, ...]
    skipped_count: int
    packed_rendered: bytes
    packed_drafts: bytes
    packed_skipped: bytes

    def rendered(self) -> tuple[RenderedDraft, ...]:
        """The drafts as a package needs them, unpacked at every call."""
        return _rendered(_unpacked(self.packed_rendered))

    def drafts(self) -> tuple[Draft, ...]:
        """The drafts, unpacked at every call."""
        return _drafts(_unpacked(self.packed_drafts))

    def skipped(self) -> tuple[Skipped, ...]:
        """What gave no card, unpacked at every call."""
        return _skipped(_unpacked(self.packed_skipped))


_encode = msgpack.Encoder().encode
_note_cards = msgpack.Decoder(NoteCards).decode
_rendered = msgpack.Decoder(tuple[RenderedDraft, ...]).decode
_drafts = msgpack.Decoder(tuple[Draft, ...]).decode
_skipped = msgpack.Decoder(tuple[Skipped, ...]).decode


@dataclass(slots=True)
class LoadedNotes:
    """What the notes gave by path, in their order.

    `digests` and `stamps` are those of the files that were read, `unread` the paths of those that could not be, `parsed` the
    notes themselves, where they were asked for. `linked` says that some show blocks of others.
    """

    found: list[tuple[str, NoteCards]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    parsed: list[ParsedNote] = field(default_factory=list)
    linked: bool = False

    @property
    def may_link(self) -> bool:
        """Whether notes refer to blocks of others, or have blocks that others may refer to."""
        return any(cards.named_blocks or cards.referred_blocks for _, cards in self.found)


class _Parsed(NamedTuple):
    """What was read of a note: what it gave (packed), or the problem there was; the note itself where it was parsed here."""

    digest: str = ""
    stamp: Stamp = (0, 0, 0)
    content: bytes = b""
    problem: Problem | None = None
    parsed: ParsedNote | None = None


def load_notes(
    config: Config, files: VaultFiles, wanted: list[str], present: set[str], progress: Progress, *, keep_notes: bool = False
) -> LoadedNotes:
    """Read these notes. `present` are all notes there are: what the cache knows of others is forgotten.

    With `keep_notes` each is parsed, by this process, and kept with its text.
    """
    out = LoadedNotes()
    cache = NoteCache(config.out, repr(_settings(config)))
    if keep_notes:
        known: dict[str, _Parsed] = {}
        parsed: Iterator[_Parsed] = map(partial(_parse, config, files), wanted)
    else:
        known = {path: one for path in wanted if (one := _from_cache(cache, files, path))}
        parsed = _parse_all(config, files, [path for path in wanted if path not in known])
    for path in progress(wanted, "reading notes"):
        was_known = path in known
        one = known.pop(path) if was_known else next(parsed)
        if one.problem is not None:
            out.problems.append(one.problem)
            out.unread.add(path)
            continue
        if not was_known:
            cache.add(path, one.digest, one.content)
        out.digests[path], out.stamps[path] = one.digest, one.stamp
        cards = _note_cards(one.content)
        out.problems += cards.problems
        out.found.append((path, cards))
        if one.parsed:
            out.parsed.append(one.parsed)
    cache.close(config.root, present)
    _link(config, files, out)
    return out


def _link(config: Config, files: VaultFiles, notes: LoadedNotes) -> None:
    """Read notes that refer to Logseq blocks of other notes once more, with the texts of those."""
    named = {name: text for _, cards in notes.found for name, text in cards.named_blocks}
    place = {parsed.note.path: n for n, parsed in enumerate(notes.parsed)}
    for n, (path, cards) in enumerate(notes.found):
        blocks = {name: named[name] for name in cards.referred_blocks if name in named}
        if not blocks:
            continue
        one = _parse(config, files, path, blocks)
        if one.digest != notes.digests[path]:  # it is changing: the next build sees it whole
            continue
        notes.found[n] = path, _note_cards(one.content)
        notes.linked = True
        if one.parsed and path in place:
            notes.parsed[place[path]] = one.parsed


def _settings(config: Config) -> tuple[object, ...]:
    """The settings that a note's cards depend on."""
    return config.options, config.kinds, config.twins, config.cue, config.deck, config.tags, config.folders


def _from_cache(cache: NoteCache, files: VaultFiles, path: str) -> _Parsed | None:
    """What the cache has of a note, or why it can't be read; None where it has to be parsed."""
    found = files.read(path)
    if isinstance(found, Problem):
        return _Parsed(problem=found)
    known = digest(found.content)
    content = cache.get(path, known)
    return _Parsed(known, found.stamp, content) if content and _is_whole(content) else None


def _is_whole(content: bytes) -> bool:
    try:
        _note_cards(content)
    except MsgspecError:
        return False
    return True


def _parse_all(config: Config, files: VaultFiles, paths: list[str]) -> Iterator[_Parsed]:
    """The notes parsed, in their order."""
    jobs = min(config.jobs or os.cpu_count() or 1, len(paths) // _WORTH + 1)
    if jobs < 2:
        yield from map(partial(_parse_and_pack, config, files), paths)
        return
    # a fork is ready at once, where nothing else runs that it could tear; elsewhere the processes begin anew
    can_fork = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if can_fork else "spawn")
    done = 0
    try:
        with ProcessPoolExecutor(jobs, context, _begin) as pool:
            for one in pool.map(partial(_parse_and_pack, config, files), paths, chunksize=_CHUNK):
                done += 1
                yield one
    except BrokenProcessPool:  # one was killed, as where memory is short
        yield from map(partial(_parse_and_pack, config, files), paths[done:])


def _begin() -> None:
    """Worker initializer: disable the garbage collector, exit if the parent dies."""
    gc.disable()
    if build := multiprocessing.parent_process():  # a build that is killed can't tell it

        def leave() -> None:
            build.join()
            os._exit(1)

        threading.Thread(target=leave, daemon=True).start()


def _parse_and_pack(config: Config, files: VaultFiles, path: str) -> _Parsed:
    """A note, parsed and packed: only what it gave stays in memory, and goes from a worker to the build."""
    return _parse(config, files, path)._replace(parsed=None)


def _parse(config: Config, files: VaultFiles, path: str, blocks: Mapping[str, str] | None = None) -> _Parsed:
    found = files.read(path)
    if not isinstance(found, Raw):
        return _Parsed(problem=found)
    content = note_text(path, found)
    if isinstance(content, Problem):
        return _Parsed(problem=content)
    try:
        parsed = parse_note(config, path, content.text, blocks)
        return _Parsed(content.digest, content.stamp, pack(config, parsed), parsed=parsed)
    except CardsError as error:
        return _Parsed(problem=Problem(path, 0, "large", str(error)))
    except Exception as error:  # a fault of ours in one note must not cost the cards of all others
        message = f"can't be read, which is an internal error ({type(error).__name__}: {error}); please report it with the note"
        return _Parsed(problem=Problem(path, 0, "fault", message))


def parse_note(config: Config, path: str, text: str, blocks: Mapping[str, str] | None = None) -> ParsedNote:
    """A note's text, parsed, with what it gives. `blocks` are the Logseq blocks of other notes that it refers to."""
    note = parse(text, path, config.options, blocks=blocks)
    return ParsedNote(
        note, generate(note, config.folder_of(path).kinds or config.kinds, twins=config.twins, cue=config.cue), text
    )


def pack(config: Config, parsed: ParsedNote) -> bytes:
    """What a note gives, packed. Raises CardsError where it is too much."""
    note = parsed.note
    drafts, skipped = parsed.made if note.wanted else ((), ())
    left_out = (*note.skipped, *skipped) if note.wanted else ()
    deck, own_tags = deck_of(config, note), tags_of(note)
    tags = tags_of(note, config.tags) if config.tags else own_tags
    broken = any(problem.code == "frontmatter" for problem in note.problems)
    repeated = (note.title, note.source, deck, tags)
    if len(parsed.text) > _LONG and _weight(drafts) + _weight(repeated) * len(drafts) > _LARGEST:
        raise CardsError(
            f"its cards would hold over {_LARGEST // 1_000_000} million characters, as each repeats its title, headings, tags "
            "or links; shorten those, or split the note"
        )
    return _encode(
        NoteCards(
            title=note.title,
            source=note.source,
            deck=deck,
            tags=tags,
            own_tags=own_tags,
            problems=note.problems,
            recording=note.recording,
            file=note.file,
            language=note.spoken,
            chosen=note.chosen,
            named_blocks=note.named_blocks,
            referred_blocks=note.referred_blocks,
            broken=broken,
            unsettled=broken and not named_deck(note),
            keys=tuple(map(card_key, drafts)),
            skipped_count=len(left_out),
            packed_rendered=_packed(tuple(map(_render, drafts))),
            packed_drafts=_packed(drafts),
            packed_skipped=_packed(left_out),
        )
    )


def _packed(values: tuple[object, ...]) -> bytes:
    return ZstdCompressor(level=1).compress(_encode(values))


def _unpacked(packed: bytes) -> bytes:
    return ZstdDecompressor().decompress(packed)


def _render(draft: Draft) -> RenderedDraft:
    embeds = bool(draft.refused or targets(draft))  # few of those that are refused have a card
    phrases, typed = phrases_of(draft), isinstance(draft, Cloze) and draft.typed
    born = with_ordinals(draft, phrases, ordinals_of(phrases, None, typed=typed))
    fields = ("", "", "", "") if embeds else render.fields(born, "", "", {})[:4]
    return RenderedDraft(fields, phrases, typed, embeds, draft.place.stamps)


def _weight(value: object) -> int:
    """The characters of all texts in a value, those that stand in it many times counted each time."""
    total, left = 0, [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            total += len(each)
        elif isinstance(each, tuple):
            left += each
        elif isinstance(each, Struct):
            left += [getattr(each, name) for name in each.__struct_fields__]
    return total


@contextmanager
def without_collector() -> Iterator[None]:
    """Without the garbage collector: a run makes many values that stay, in no cycles; collecting finds nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.freeze()  # what is there counts as old, or it would be gone through at once
            gc.enable()
            gc.unfreeze()

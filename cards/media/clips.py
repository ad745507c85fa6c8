"""Which clips the cards of a run have: for each stamp the moment that it speaks of.

A clip is named by the recording's content and its seconds, not by its own bytes: another version of the encoder must not
make other cards of it. Clips are kept in the cache. Where the recording is not at hand, a card keeps the clips it has in
the deck.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from msgspec import DecodeError, Struct, json

from cards.anki import read_package
from cards.anki.media_name import media_name
from cards.media.audio import BIT_RATE, RATE, Span, cut, length_of, span_of
from cards.media.embeds import Embeds
from cards.model import CardsError, Fields, Problem, Timestamp
from cards.timestamps import providers
from cards.vault import cache, files
from cards.vault.config import Config
from cards.vault.naming import file_name, top
from cards.vault.scan import LARGEST_MEDIA

LARGEST = 4 * 1024**3  # bytes of a recording: its hash and length want all of them read
_RECIPE = f"mp3 {RATE} {BIT_RATE} 1"  # part of the names: raise the last number with the way clips are made
_SOUND = re.compile(r"\[sound:([a-z0-9-]+\.mp3)\]")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording at hand: the hash of its content, and its length in seconds."""

    path: Path
    digest: str
    length: float

    def clip(self, span: Span) -> str:
        """The name of the clip of a span."""
        key = f"{_RECIPE}\x1f{self.digest}\x1f{span.first:.1f}\x1f{span.last:.1f}"
        return media_name(self.path.stem, ".mp3", key.encode())


class Clips:
    """The clips of a run. `files` holds the content of those that were made or found, by name.

    `embeds` finds recordings in the vault, `packages` gives the packages on disk by the names of their decks.
    """

    def __init__(self, config: Config, embeds: Embeds, packages: Callable[[], Mapping[str, str]] = dict) -> None:
        self.config = config
        self.embeds = embeds
        self.packages = packages
        self.files: dict[str, bytes] = {}
        self._cache = cache.folder(config.out)
        self._recordings: dict[tuple[str, str], Recording | Problem] = {}
        self._wanted: dict[str, tuple[Recording, Span]] = {}
        self._decks: dict[Path, _Deck] = {}

    def names(
        self, note: str, line: int, target: str, main: str | None, stamps: Sequence[Timestamp]
    ) -> tuple[tuple[str, ...], list[Problem]]:
        """The clips of a card's stamps, in their order, and what was odd; none where the recording is not at hand.

        `target` is the recording as the note names it, `main` the URL that its stamps open; a stamp that opens another
        recording has no clip.
        """
        if not (stamps and self.config.clips):
            return (), []
        recording = self._recording(note, target)
        if isinstance(recording, Problem):
            return (), [recording]
        found: dict[str, None] = {}
        problems: list[Problem] = []
        for stamp in stamps:
            if stamp.url and (main is None or providers.identity(stamp.url) != providers.identity(main)):
                continue
            span = span_of(stamp, recording.length)
            if span is None:
                message = f"a stamp is after the end of {recording.path.name}; it has no clip"
                problems.append(Problem(note, line, "recording", message))
                continue
            name = recording.clip(span)
            self._wanted[name] = (recording, span)
            found[name] = None
        return tuple(found), problems

    @property
    def recordings(self) -> tuple[str, ...]:
        """The paths of the recordings that were opened."""
        return tuple(str(each.path) for each in self._recordings.values() if isinstance(each, Recording))

    def missing(self) -> list[str]:
        """The clips that were named and are neither made nor in the cache, recording by recording in their order."""
        for name in self._wanted.keys() - self.files.keys():
            with suppress(OSError, ValueError):
                self.files[name] = cache.read(self._cache / cache.CLIPS / name, LARGEST_MEDIA)
        return sorted(
            self._wanted.keys() - self.files.keys(), key=lambda name: (str(self._wanted[name][0].path), self._wanted[name][1])
        )

    def make(self, name: str) -> Problem | None:
        """Cut one clip that was named, and keep it; the problem where that fails."""
        recording, span = self._wanted[name]
        try:
            content = cut(recording.path, span)
        except Exception as error:  # ffmpeg has many; none may cost the card
            message = f"the seconds {span.first:.0f} to {span.last:.0f} can't be cut ({error}); their cards have no clip"
            return Problem(recording.path.name, 0, "recording", message)
        self.files[name] = content
        if self._cache.is_dir():
            (self._cache / cache.CLIPS).mkdir(exist_ok=True)
            cache.write(self._cache / cache.CLIPS / name, content)
        return None

    def kept(self, guid: str, deck: str, stamps: str) -> str:
        """The field Audio that a card has in the deck on disk, where its field Timestamps is still this one."""
        name = top(deck)
        path = self.config.out / self.packages().get(name, f"{file_name(name)}.apkg")
        if path not in self._decks:
            self._decks[path] = _deck(path)
        found = self._decks[path].fields.get(guid, ())
        if len(found) != len(Fields._fields) or (had := Fields(*found)).timestamps != stamps or not had.audio:
            return ""
        names = names_in(had.audio)
        if had.audio != field_of(names):  # the deck may be anyone's
            return ""
        with suppress(CardsError):
            missing = frozenset(names) - self.files.keys()
            self.files |= read_package.media(self._decks[path].content, str(path), missing, LARGEST_MEDIA)
        return had.audio if self.files.keys() >= set(names) else ""

    def _recording(self, note: str, target: str) -> Recording | Problem:
        key = (note, target)
        if key not in self._recordings:
            self._recordings[key] = self._opened(note, target)
        return self._recordings[key]

    def _opened(self, note: str, target: str) -> Recording | Problem:
        path = self.config.recording or self.embeds.find(note, target)
        if path is None:
            return Problem(note, 0, "recording", f"{target} is not in the vault; its cards have no clip, or keep theirs")
        if find_spec("av") is None:
            message = "clips of the recording need `pip install 'takeaway-cards[audio]'`, or clips = false in cards.toml"
            return Problem(note, 0, "audio", message)
        try:
            return self._known(path)
        except Exception as error:  # as above
            return Problem(note, 0, "recording", f"{path.name} can't be read as a recording ({error})")

    def _known(self, path: Path) -> Recording:
        """A recording by its hash and length, which the cache remembers as long as size and time of the file stand."""
        status = path.stat()
        if status.st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST // 1024**3} GiB; name a file of its sound alone")
        stamp = (status.st_size, status.st_mtime_ns)
        index = self._cache / "recordings.json"
        known: dict[str, _Known] = {}
        with suppress(OSError, ValueError, DecodeError):
            known = _index(cache.read(index))
        if (found := known.get(str(path))) and found.stamp == stamp:
            return Recording(path, found.digest, found.length)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        length = length_of(path)
        cache.write(index, json.encode({**known, str(path): _Known(stamp, digest, length)}))
        return Recording(path, digest, length)


class _Known(Struct, frozen=True, array_like=True):
    """What the cache remembers of a recording: size and time (ns) of its file, the hash of its content, its seconds."""

    stamp: tuple[int, int]
    digest: str
    length: float


_index = json.Decoder(dict[str, _Known]).decode


class _Deck(NamedTuple):
    """A package on disk: its content, and the fields of its notes by guid."""

    content: bytes
    fields: Mapping[str, tuple[str, ...]]


def _deck(path: Path) -> _Deck:
    """A package on disk; an empty one where there is none, or it can't be read."""
    try:
        content = files.read_deck(path)
        return _Deck(content, {note.guid: note.fields for note in read_package.read(content, str(path)).notes})
    except CardsError:
        return _Deck(b"", {})


def field_of(names: Iterable[str]) -> str:
    """The field Audio."""
    return "".join(f"[sound:{name}]" for name in names)


def names_in(audio: str) -> tuple[str, ...]:
    """The clips of a field Audio."""
    return tuple(_SOUND.findall(audio))

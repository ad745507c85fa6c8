"""The sound clips of the cards: one for each stamp.

A clip is named by the hash of its recording and its seconds, not by its own bytes, so that another version of the encoder
changes no card. Clips are cached. If the recording is missing, a card keeps the clips it has in its deck.
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

LARGEST = 4 * 1024**3  # bytes of a recording: the whole file is read to hash and measure it
_RECIPE = f"mp3 {RATE} {BIT_RATE} 1"  # part of the names: raise the last number when clips are cut in another way
_SOUND = re.compile(r"\[sound:([a-z0-9-]+\.mp3)\]")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording on disk: the hash of its content (hex SHA-256) and its length in seconds."""

    path: Path
    digest: str
    length: float

    def clip(self, span: Span) -> str:
        """Name the clip of a span."""
        key = f"{_RECIPE}\x1f{self.digest}\x1f{span.first:.1f}\x1f{span.last:.1f}"
        return media_name(self.path.stem, ".mp3", key.encode())


class Clips:
    """The clips of a run. `files` maps the names of clips that were cut or found to their contents.

    `embeds` finds recordings in the vault; `packages` maps the names of top-level decks to file names.
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
        """Name the clips of a card's stamps, in order, and list the problems; no clips if the recording is missing.

        `target` is the recording's name in the note, `main` the URL its stamps open. A stamp with another recording's URL
        has no clip.
        """
        if not (stamps and self.config.clips):
            return (), []
        recording = self._recording(note, target)
        if isinstance(recording, Problem):
            return (), [recording]
        names: dict[str, None] = {}  # two stamps may share a clip
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
            names[name] = None
        return tuple(names), problems

    @property
    def recordings(self) -> tuple[str, ...]:
        """The paths of the recordings that were opened."""
        return tuple(str(recording.path) for recording in self._recordings.values() if isinstance(recording, Recording))

    def missing(self) -> list[str]:
        """Load named clips from the cache; list the names of the rest, by recording and span."""
        for name in self._wanted.keys() - self.files.keys():
            with suppress(OSError, ValueError):
                self.files[name] = cache.read(self._cache / cache.CLIPS / name, LARGEST_MEDIA)

        def order(name: str) -> tuple[str, Span]:
            recording, span = self._wanted[name]
            return str(recording.path), span

        return sorted(self._wanted.keys() - self.files.keys(), key=order)

    def make(self, name: str) -> Problem | None:
        """Cut a named clip and cache it. Returns a problem if that fails."""
        recording, span = self._wanted[name]
        try:
            content = cut(recording.path, span)
        except Exception as error:  # ffmpeg raises many; none may cost the card
            message = f"seconds {span.first:.0f} to {span.last:.0f} can't be cut ({error}); their cards have no clip"
            return Problem(recording.path.name, 0, "recording", message)
        self.files[name] = content
        if self._cache.is_dir():
            (self._cache / cache.CLIPS).mkdir(exist_ok=True)
            cache.write(self._cache / cache.CLIPS / name, content)
        return None

    def kept(self, guid: str, deck: str, stamps: str) -> str:
        """The field Audio of a card in the deck on disk, empty if its clips are gone or its field Timestamps changed."""
        name = top(deck)
        path = self.config.out / self.packages().get(name, f"{file_name(name)}.apkg")
        if path not in self._decks:
            self._decks[path] = _deck(path)
        values = self._decks[path].fields.get(guid, ())
        if len(values) != len(Fields._fields) or (old := Fields(*values)).timestamps != stamps or not old.audio:
            return ""
        names = names_in(old.audio)
        if old.audio != field_of(names):  # the deck is untrusted: its field may hold other HTML
            return ""
        with suppress(CardsError):
            missing = frozenset(names) - self.files.keys()
            self.files |= read_package.media(self._decks[path].content, str(path), missing, LARGEST_MEDIA)
        return old.audio if self.files.keys() >= set(names) else ""

    def _recording(self, note: str, target: str) -> Recording | Problem:
        key = (note, target)
        if key not in self._recordings:
            self._recordings[key] = self._open(note, target)
        return self._recordings[key]

    def _open(self, note: str, target: str) -> Recording | Problem:
        path = self.config.recording or self.embeds.find(note, target)
        if path is None:
            return Problem(note, 0, "recording", f"{target} is not in the vault; its cards keep the clips they have, if any")
        if find_spec("av") is None:
            message = "sound clips need `pip install 'takeaway-cards[audio]'`; to go without, set clips = false in cards.toml"
            return Problem(note, 0, "audio", message)
        try:
            return self._measure(path)
        except Exception as error:  # as above
            return Problem(note, 0, "recording", f"{path.name} can't be read as a recording ({error})")

    def _measure(self, path: Path) -> Recording:
        """Hash and measure a recording, or take both from the cache if size and time of the file are unchanged."""
        status = path.stat()
        if status.st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST // 1024**3} GiB; name a file with the sound alone")
        stamp = (status.st_size, status.st_mtime_ns)
        index = self._cache / "recordings.json"
        known: dict[str, _Measured] = {}
        with suppress(OSError, ValueError, DecodeError):
            known = _decode(cache.read(index))
        if (measured := known.get(str(path))) and measured.stamp == stamp:
            return Recording(path, measured.digest, measured.length)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        length = length_of(path)
        cache.write(index, json.encode({**known, str(path): _Measured(stamp, digest, length)}))
        return Recording(path, digest, length)


class _Measured(Struct, frozen=True, array_like=True):
    """A recording in the cache: `stamp` is size and time (ns) of its file, `length` is in seconds."""

    stamp: tuple[int, int]
    digest: str
    length: float


_decode = json.Decoder(dict[str, _Measured]).decode


class _Deck(NamedTuple):
    """A package on disk: its bytes, and the fields of its notes by guid."""

    content: bytes
    fields: Mapping[str, tuple[str, ...]]


def _deck(path: Path) -> _Deck:
    """Read a package, as empty if it is missing or can't be read."""
    try:
        content = files.read_deck(path)
        return _Deck(content, {note.guid: note.fields for note in read_package.read(content, str(path)).notes})
    except CardsError:
        return _Deck(b"", {})


def field_of(names: Iterable[str]) -> str:
    """Write the field Audio: a sound tag for each clip."""
    return "".join(f"[sound:{name}]" for name in names)


def names_in(audio: str) -> tuple[str, ...]:
    """The names of the clips in a field Audio."""
    return tuple(_SOUND.findall(audio))

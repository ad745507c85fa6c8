"""Which clips the cards of a run have: for each stamp the moment that it speaks of.

A clip is named by the recording's content and its seconds, not by its own bytes: another version of the encoder must not
make other cards of it. Clips are kept in the cache. Where the recording is not at hand, a card keeps the clips it has in
the deck.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from cards.anki import read_package
from cards.anki.media_name import media_name
from cards.media.audio import BIT_RATE, RATE, Span, cut, length_of, span_of
from cards.media.embeds import Embeds
from cards.model import CardsError, Fields, Problem, Timestamp
from cards.timestamps import providers
from cards.vault import files, scan
from cards.vault.cache import CLIPS, checked, summed
from cards.vault.config import CACHE, Config
from cards.vault.files import replace_file
from cards.vault.naming import file_name, top

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


@dataclass(slots=True)
class Clips:
    """The clips of a run. `files` holds the content of those that were asked for."""

    config: Config
    media: Embeds
    problems: list[Problem]
    packages: Callable[[], Mapping[str, str]] = dict  # of the decks on disk, by their names
    files: dict[str, bytes] = field(default_factory=dict)
    _recordings: dict[tuple[str, str], Recording | None] = field(default_factory=dict)
    _wanted: dict[str, tuple[Recording, Span]] = field(default_factory=dict)
    _decks: dict[Path, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def names(self, note: str, line: int, target: str | None, main: str | None, stamps: Sequence[Timestamp]) -> tuple[str, ...]:
        """The clips of a card's stamps, in their order; none where the recording is not at hand.

        `target` is the recording as the note names it, `main` the URL that its stamps open; a stamp that opens another
        recording has no clip.
        """
        recording = self._recording(note, target) if target and stamps and self.config.clips else None
        if recording is None:
            return ()
        found: dict[str, None] = {}
        for stamp in stamps:
            if stamp.url and (main is None or providers.identity(stamp.url) != providers.identity(main)):
                continue
            span = span_of(stamp, recording.length)
            if span is None:
                message = f"a stamp lies behind the end of {recording.path.name}; it has no clip"
                self._report(Problem(note, line, "recording", message))
                continue
            name = recording.clip(span)
            self._wanted[name] = (recording, span)
            found[name] = None
        return tuple(found)

    @property
    def recordings(self) -> tuple[str, ...]:
        """The paths of the recordings that were opened."""
        return tuple(str(recording.path) for recording in self._recordings.values() if recording)

    def missing(self) -> list[str]:
        """The clips that were named and are neither made nor in the cache, recording by recording in their order."""
        for name in self._wanted.keys() - self.files.keys():
            with suppress(OSError, ValueError):
                self.files[name] = checked(files.read(self._cached(name), scan.LARGEST_MEDIA).content)
        return sorted(
            self._wanted.keys() - self.files.keys(), key=lambda name: (str(self._wanted[name][0].path), self._wanted[name][1])
        )

    def make(self, name: str) -> None:
        """Cut one clip that was named, and remember it."""
        recording, span = self._wanted[name]
        try:
            content = cut(recording.path, span)
        except Exception as error:  # ffmpeg has many; none may cost the card
            message = f"the seconds {span.first:.0f} to {span.last:.0f} can't be cut ({error}); their cards have no clip"
            self._report(Problem(recording.path.name, 0, "recording", message))
            return
        self.files[name] = content
        with suppress(CardsError):
            if self.config.out.is_dir():
                replace_file(self._cached(name), summed(content))  # half a clip must not be taken for a whole one

    def kept(self, guid: str, deck: str, stamps: str) -> str:
        """The field Audio that a card has in the deck on disk, where its field Timestamps is still this one."""
        name = top(deck)
        path = self.config.out / self.packages().get(name, f"{file_name(name)}.apkg")
        if path not in self._decks:
            try:
                self._decks[path] = read_package.fields(path) if path.exists() else {}
            except CardsError:
                self._decks[path] = {}
        found = self._decks[path].get(guid, ())
        if len(found) != len(Fields._fields) or (had := Fields(*found)).timestamps != stamps or not had.audio:
            return ""
        names = names_in(had.audio)
        if had.audio != field_of(names):  # the deck may be anyone's
            return ""
        with suppress(CardsError):
            self.files |= read_package.media(path, frozenset(names) - self.files.keys(), scan.LARGEST_MEDIA)
        return had.audio if self.files.keys() >= set(names) else ""

    def _cached(self, name: str) -> Path:
        return self.config.out / CACHE / CLIPS / name

    def _recording(self, note: str, target: str) -> Recording | None:
        key = (note, target)
        if key not in self._recordings:
            self._recordings[key] = self._opened(note, target)
        return self._recordings[key]

    def _opened(self, note: str, target: str) -> Recording | None:
        path = self.config.recording or self.media.find(note, target)
        if path is None:
            self._report(
                Problem(
                    note,
                    0,
                    "recording",
                    f"{target} is not in the vault; its cards have no clip, or keep theirs",
                )
            )
            return None
        if find_spec("av") is None:
            if not any(problem.code == "audio" for problem in self.problems):
                message = "clips of the recording need `pip install 'takeaway-cards[audio]'`, or clips = false in cards.toml"
                self._report(Problem(note, 0, "audio", message))
            return None
        try:
            return self._known(path)
        except Exception as error:  # as above
            self._report(Problem(note, 0, "recording", f"{path.name} can't be read as a recording ({error})"))
            return None

    def _known(self, path: Path) -> Recording:
        """A recording by its hash and length, which the cache remembers as long as size and time of the file stand."""
        status = path.stat()
        if status.st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST // 1024**3} GiB; name a file of its sound alone")
        stamp = [status.st_size, status.st_mtime_ns]
        index = self.config.out / CACHE / "recordings.json"
        try:
            known = json.loads(checked(files.read(index).content))
            if known[str(path)][:2] == stamp:
                digest, length = known[str(path)][2:]
                return Recording(path, str(digest), float(length))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            known = {}
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        length = length_of(path)
        if index.parent.is_dir():
            known = known if isinstance(known, dict) else {}
            with suppress(CardsError):
                replace_file(index, summed(json.dumps({**known, str(path): [*stamp, digest, length]}).encode()))
        return Recording(path, digest, length)

    def _report(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def field_of(names: Iterable[str]) -> str:
    """The field Audio."""
    return "".join(f"[sound:{name}]" for name in names)


def names_in(audio: str) -> tuple[str, ...]:
    """The clips of a field Audio."""
    return tuple(_SOUND.findall(audio))

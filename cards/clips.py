"""The moment a stamp speaks of, cut out of the recording: a small MP3 that plays on the back.

Why PyAV: its wheels bring ffmpeg's libraries to every system, so no program has to be installed, and a file is opened as
a stream of a few known formats, so that a playlist in disguise opens nothing else. Why MP3: Opus is half its size but
silent on iPhones and in AnkiWeb.

A clip is named by the recording's content and its seconds, not by its own bytes: another version of the encoder must not
make other cards of it. Clips are kept in the cache. Where the recording is not at hand, a card keeps the clips it has in
the deck.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import chain, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from cards import files, links, package, vault
from cards.cache import CLIPS, checked, summed
from cards.config import CACHE, Config
from cards.exporter import media_name
from cards.files import replace_file
from cards.model import CardsError, Fields, Problem, Timestamp
from cards.naming import file_name, top

MARGIN = 0.5  # seconds before and after
POINT = 10  # seconds that a point takes
LONGEST = 120  # seconds of a range
LARGEST = 4 * 1024**3  # bytes of a recording: its hash and length want all of them read
RATE = 16_000  # samples a second: speech needs no more
BIT_RATE = 16_000  # 22 kB for ten seconds and the margins; at half of it speech is hard to follow

_EARLY = 5  # seconds before a clip at which decoding begins: some formats seek to where they think it is
_RECIPE = f"mp3 {RATE} {BIT_RATE} 1"  # part of the names: raise the last number with the way clips are made
# demuxers that read one file and nothing it names
_FORMATS = "mp3,mov,mp4,m4a,ogg,wav,w64,flac,aac,matroska,webm,aiff,caf"
_SOUND = re.compile(r"\[sound:([a-z0-9-]+\.mp3)\]")


class Span(NamedTuple):
    """A stretch of a recording, in seconds."""

    first: float
    last: float


def span_of(stamp: Timestamp, length: float) -> Span | None:
    """What a clip of a stamp holds, margins included; None where the recording is over before it begins."""
    if stamp.start >= length:
        return None
    end = stamp.end if stamp.end is not None and stamp.end > stamp.start else stamp.start + POINT
    end = min(end, stamp.start + LONGEST)
    return Span(max(0.0, stamp.start - MARGIN), min(end + MARGIN, length))


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
    media: vault.Media
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
            if stamp.url and (main is None or links.identity(stamp.url) != links.identity(main)):
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
                self.files[name] = checked(files.read(self._cached(name), vault.LARGEST_MEDIA).content)
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
                self._decks[path] = package.fields(path) if path.exists() else {}
            except CardsError:
                self._decks[path] = {}
        found = self._decks[path].get(guid, ())
        if len(found) != len(Fields._fields) or (had := Fields(*found)).timestamps != stamps or not had.audio:
            return ""
        names = names_in(had.audio)
        if had.audio != field_of(names):  # the deck may be anyone's
            return ""
        with suppress(CardsError):
            self.files |= package.media(path, frozenset(names) - self.files.keys(), vault.LARGEST_MEDIA)
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
        length = _length(path)
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


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    import av

    # a file object and a list of formats: ffmpeg follows nothing that the file may name
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
    with path.open("rb") as file, av.open(file, options=options) as opened:
        yield opened


def _length(path: Path) -> float:
    """The length of a recording in seconds. Raises ValueError where it has no sound.

    The packets are counted: an MP3 of varying bit rate says a wrong length.
    """
    with _open(path) as opened:
        if not opened.streams.audio:
            raise ValueError("it has no sound")
        stream = opened.streams.audio[0]
        ends = (packet.pts + (packet.duration or 0) for packet in opened.demux(stream) if packet.pts is not None)
        return round(float((max(ends, default=0) - (stream.start_time or 0)) * stream.time_base), 3)


def cut(path: Path, span: Span) -> bytes:
    """A stretch of a recording as a mono MP3. Raises ValueError, OSError or an error of PyAV's."""
    import av

    out = io.BytesIO()
    with (
        _open(path) as source,
        av.open(out, "w", format="mp3", options={"fflags": "bitexact", "id3v2_version": "0"}) as target,
    ):
        stream = target.add_stream("libmp3lame", rate=RATE, layout="mono", bit_rate=BIT_RATE)
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        samples = 0
        for frame in _trimmed(source, span):
            frame.pts = samples
            samples += frame.samples
            target.mux(stream.encode(frame))
        if not samples:
            raise ValueError("there is no sound")
        target.mux(stream.encode(None))
    return out.getvalue()


def _trimmed(source: Any, span: Span) -> Iterator[Any]:
    """The frames of a span, exact to the sample, as the encoder wants them."""
    import av

    stream = source.streams.audio[0]
    origin = float((stream.start_time or 0) * stream.time_base)
    first, last = span.first + origin, span.last + origin
    if first > _EARLY:
        source.seek(int((first - _EARLY) / stream.time_base), stream=stream)
    graph = av.filter.Graph()
    entry = graph.add_abuffer(template=stream)
    trim = graph.add("atrim", f"start={first}:end={last}")
    form = graph.add("aformat", f"sample_fmts=s16p:sample_rates={RATE}:channel_layouts=mono")
    exit_ = graph.add("abuffersink")
    for one, next_ in ((entry, trim), (trim, form), (form, exit_)):
        one.link_to(next_)
    graph.configure()
    frames = takewhile(lambda frame: frame.time is None or frame.time <= last + 1, source.decode(stream))
    for frame in chain(frames, (None,)):
        try:
            entry.push(frame)
        except av.error.EOFError:  # the filter has what it wants
            break
        yield from _pulled(exit_)
    yield from _pulled(exit_)


def _pulled(sink: Any) -> Iterator[Any]:
    import av

    while True:
        try:
            frame = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame

"""Stretches of a recording, cut out as small MP3 files.

Why PyAV: its wheels bring ffmpeg's libraries to every system, so no program has to be installed, and a file is opened as
a stream of a few known formats, so that a playlist in disguise opens nothing else. Why MP3: Opus is half its size but
silent on iPhones and in AnkiWeb.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from cards.model import Timestamp

MARGIN = 0.5  # seconds before and after
POINT = 10  # seconds that a point takes
LONGEST = 120  # seconds of a range
RATE = 16_000  # samples a second: speech needs no more
BIT_RATE = 16_000  # 22 kB for ten seconds and the margins; at half of it speech is hard to follow

_EARLY = 5  # seconds before a clip at which decoding begins: some formats seek to where they think it is
# demuxers that read one file and nothing it names
_FORMATS = "mp3,mov,mp4,m4a,ogg,wav,w64,flac,aac,matroska,webm,aiff,caf"


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


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    import av

    # a file object and a list of formats: ffmpeg follows nothing that the file may name
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
    with path.open("rb") as file, av.open(file, options=options) as opened:
        yield opened


def length_of(path: Path) -> float:
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

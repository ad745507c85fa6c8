"""Cut clips out of a recording, as small MP3 files.

PyAV, because its wheels include ffmpeg's libraries, so no program has to be installed, and because it reads from a stream in
a few known formats, so a disguised playlist opens no other file. MP3, because Opus, at half the size, is silent on iPhones
and in AnkiWeb.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from cards.model import Timestamp

MARGIN = 0.5  # seconds added before and after a clip
POINT = 10  # seconds of a clip whose stamp has no end
LONGEST = 120  # seconds of a clip without margins
RATE = 16_000  # samples per second: enough for speech
BIT_RATE = 16_000  # bits per second: 22 kB for ten seconds with margins; at half the rate speech is hard to follow

_EARLY = 5  # seconds before a clip at which decoding begins: some formats seek only roughly
# demuxers that open no other file than the one they read
_FORMATS = "mp3,mov,mp4,m4a,ogg,wav,w64,flac,aac,matroska,webm,aiff,caf"


class Span(NamedTuple):
    """A stretch of a recording, in seconds."""

    first: float
    last: float


def span_of(stamp: Timestamp, length: float) -> Span | None:
    """The span of a stamp's clip with margins, None if the stamp is after the end. `length` is the recording's, in seconds."""
    if stamp.start >= length:
        return None
    end = stamp.end if stamp.end is not None and stamp.end > stamp.start else stamp.start + POINT
    end = min(end, stamp.start + LONGEST)
    return Span(max(0.0, stamp.start - MARGIN), min(end + MARGIN, length))


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    import av

    # from a file object and in listed formats only, ffmpeg opens no other file
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
    with path.open("rb") as file, av.open(file, options=options) as opened:
        yield opened


def length_of(path: Path) -> float:
    """Measure the length of a recording in seconds. Raises ValueError if it has no sound.

    The packets are read, because the header of an MP3 with a variable bit rate may name a wrong length.
    """
    with _open(path) as opened:
        if not opened.streams.audio:
            raise ValueError("it has no sound")
        stream = opened.streams.audio[0]
        ends = (packet.pts + (packet.duration or 0) for packet in opened.demux(stream) if packet.pts is not None)
        return round(float((max(ends, default=0) - (stream.start_time or 0)) * stream.time_base), 3)


def cut(path: Path, span: Span) -> bytes:
    """Cut a span of a recording, as a mono MP3. Raises ValueError, OSError or one of PyAV's errors."""
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
    """Decode the frames of a span, exact to the sample, in the format that the encoder takes."""
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
    for source_filter, target_filter in ((entry, trim), (trim, form), (form, exit_)):
        source_filter.link_to(target_filter)
    graph.configure()
    frames = takewhile(lambda frame: frame.time is None or frame.time <= last + 1, source.decode(stream))
    for frame in chain(frames, (None,)):
        try:
            entry.push(frame)
        except av.error.EOFError:  # the filter has the whole span
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

"""Which recordings a note points into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from cards.model import Block, Bullets, Code, Heading, Html, Paragraph, Properties, Prose, Quote, Run, RunKind, Timestamp, texts
from cards.model.prose import plain
from cards.parser import metadata
from cards.timestamps import providers, times
from cards.timestamps.false_times import FalseTimes

_SRC = re.compile(r"""\bsrc\s*=\s*["']?(https?://[^\s"'>]+)""", re.I)
_PLAYER = re.compile(r"<[^<>]*>|\{\{\s*(?:\[\[)?[\w-]+(?:\]\])?:?\s*")  # `{{video …}}`, its link taken out


class Recordings:
    """The recordings a note points into. `first` is the note's own; `nearest` the one that bare stamps belong to as the note
    is read from top to bottom.
    """

    def __init__(self, values: dict[str, object], blocks: Iterable[Block], templates: Iterable[tuple[str, str]] = ()) -> None:
        self.templates = dict(templates)
        named = metadata.recordings(values)
        found = [url for url in _links(blocks) if self.is_media(url)]
        self.all = [*named, *found]
        self.first = self.nearest = next(iter(self.all), None)
        self.known = bool(self.all) or metadata.is_recorded(values)
        self._stamped: dict[tuple[int, str | None], tuple[Prose, Prose]] = {}  # the prose itself, so that its id stays its own
        self.others = FalseTimes(plain(block.prose) for block in texts(blocks))
        self.hosts = {providers.host(url) for url in self.all}

    def leads_here(self, url: str) -> bool:
        """Whether a URL may lead into a recording of the note."""
        return self.is_media(url) or providers.time_of(url) is not None or providers.host(url) in self.hosts

    def meet(self, block: Block) -> None:
        """Go past a block: one that is nothing but a recording is what the bare stamps below it belong to.

        So is a heading that links to one. A link in running text is a mention, and a link to a second is a stamp.
        """
        match block:
            case Heading(prose=prose):
                met = _of_prose(prose)
            case Paragraph(prose=prose) if _is_only_links(prose):
                met = _of_prose(prose)
            case Code() | Html() | Properties():
                met = _links((block,))
            case _:
                return
        url = next((url for url in met if self.is_media(url) and providers.time_of(url) is None), None)
        if url and (self.nearest is None or providers.identity(url) != providers.identity(self.nearest)):
            self.nearest = url

    def is_media(self, url: str) -> bool:
        """Whether a URL is known to lead to a recording, to us or to the user's own table."""
        return providers.is_media(url) or providers.host(url) in self.templates

    def stamped(self, prose: Prose) -> Prose:
        """Prose with its timestamps found, each with its link; as it is where the note has no recording."""
        if not self.known:
            return prose
        key = (id(prose), self.nearest)  # a child's prose is asked for by itself and for the back of each parent
        if key not in self._stamped:
            self._stamped[key] = (prose, self._with_stamps(prose))
        return self._stamped[key][1]

    def _with_stamps(self, prose: Prose) -> Prose:
        if any(run.link == run.text for run in prose):
            prose = tuple(map(self._bare, prose))
        marked = times.stamp(prose, is_recording=self.leads_here, is_other=self.others.is_false_time)
        return tuple(replace(run, stamps=tuple(map(self.resolve, run.stamps))) if run.stamps else run for run in marked)

    def _bare(self, run: Run) -> Run:
        """A bare URL of a recording that opens it at a second is a stamp."""
        if run.link != run.text or not self.is_media(run.text) or (found := providers.time_of(run.text)) is None:
            return run
        return replace(run, kind=RunKind.STAMP, stamps=(replace(found, url=run.text),), link=None)

    def resolve(self, stamp: Timestamp) -> Timestamp:
        """The stamp with the URL that opens its recording there."""
        url = stamp.url or self.nearest
        if url is None:
            return replace(stamp, url=None)
        template = self.templates.get(providers.host(url))
        return replace(stamp, url=providers.filled(template, url, stamp) if template else providers.at_second(url, stamp))


def _links(blocks: Iterable[Block]) -> Iterator[str]:
    """Every URL of the blocks, in reading order."""
    for block in blocks:
        match block:
            case Paragraph() | Heading():
                yield from _of_prose(block.prose)
            case Bullets():
                for item in block.items:
                    yield from _links((Properties(item.line, item.values), *item.blocks))
            case Quote():
                yield from _links(block.blocks)
            case Code(language=language, text=text) if language.split(" ")[0] == "timestamp-url":
                yield from metadata.urls(text)
            case Html(text=text):
                yield from _SRC.findall(text)
            case Properties(values=values):
                for _, value in values:
                    yield from metadata.urls(value)
            case _:
                pass


def _is_only_links(prose: Prose) -> bool:
    """Whether prose is links, embeds, players and macros, and no word besides."""
    text = "".join(run.text for run in prose if not (run.link or run.target))
    return not any(map(str.isalnum, _PLAYER.sub("", text)))


def _of_prose(prose: Prose) -> Iterator[str]:
    for run in prose:
        if run.link:
            yield run.link
        elif run.target and run.target.startswith(("http://", "https://")):
            yield run.target
        elif "src" in run.text:
            yield from _SRC.findall(run.text)
        elif "{{" in run.text:
            yield from metadata.urls(run.text)

"""Which recordings a note points into, and the stamps that open them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from cards.model import Block, Bullets, Code, Heading, Html, Paragraph, Properties, Prose, Quote, Run, RunKind, Timestamp, texts
from cards.model.prose import plain
from cards.parser import metadata
from cards.timestamps import providers, times
from cards.timestamps.false_times import FalseTimes

_SRC = re.compile(r"""\bsrc\s*=\s*["']?(https?://[^\s"'>]+)""", re.I)
_PLAYER = re.compile(r"<[^<>]*>|\{\{\s*(?:\[\[)?[\w-]+(?:\]\])?:?\s*")  # `{{video …}}`, its link taken out


class Recordings:
    """The recordings of a note.

    `first` is the note's own, `known` whether there is one at all. Stamps are found once, by `find_stamps`; which recording a
    bare stamp belongs to is only known where it stands, so they get their links from `resolve`.
    """

    def __init__(
        self,
        values: dict[str, object],
        blocks: Iterable[Block],
        templates: Iterable[tuple[str, str]] = (),
        *,
        journal: bool = False,
    ) -> None:
        self.templates = dict(templates)
        named = metadata.recordings(values)
        urls = [*named, *(url for url in _links(blocks) if self.is_media(url))]
        # in a journal a recording dates what stands with it: the other times are those of the day
        self._scoped = journal and not named and not metadata.is_recorded(values)
        self.first = urls[0] if urls and not self._scoped else None
        self.known = bool(urls) or metadata.is_recorded(values) or any(map(_is_timed, texts(blocks)))
        self._hosts = {providers.host(url) for url in urls}
        self._false_times = FalseTimes(plain(block.prose) for block in texts(blocks))

    def is_media(self, url: str) -> bool:
        """Whether a URL is known to lead to a recording, to us or to the user's own table."""
        return providers.is_media(url) or providers.host(url) in self.templates

    def leads_here(self, url: str) -> bool:
        """Whether a URL may lead into a recording of the note."""
        return self.is_media(url) or providers.time_of(url) is not None or providers.host(url) in self._hosts

    # ------------------------------------------------------------------------------------------------ stamps

    def find_stamps(self, blocks: Iterable[Block]) -> tuple[Block, ...]:
        """Blocks with the timestamps in them found; as they are where the note has no recording."""
        if not self.known:
            return tuple(blocks)
        if not self._scoped:
            return tuple(map(self._with_stamps, blocks))
        return tuple(block for section in _sections(blocks) for block in self._with_stamps_beside(section))

    def _with_stamps_beside(self, section: Sequence[Block]) -> Iterator[Block]:
        """The blocks of a section of a journal: times count below its recording, or in the item that names one."""
        if self._name_recording(block for block in section if not isinstance(block, Bullets)):
            yield from map(self._with_stamps, section)
            return
        for block in section:
            if isinstance(block, Bullets):
                items = (
                    replace(item, blocks=tuple(map(self._with_stamps, item.blocks)))
                    if self._name_recording(item.blocks)
                    else item
                    for item in block.items
                )
                block = replace(block, items=tuple(items))
            yield block

    def _name_recording(self, blocks: Iterable[Block]) -> bool:
        return any(map(self.is_media, _links(blocks)))

    def _with_stamps(self, block: Block) -> Block:
        match block:
            case Paragraph() | Heading():
                prose = self._stamped(block.prose)
                return block if prose is block.prose else replace(block, prose=prose)
            case Bullets():
                items = (replace(item, blocks=tuple(map(self._with_stamps, item.blocks))) for item in block.items)
                return replace(block, items=tuple(items))
            case Quote():
                return replace(block, blocks=tuple(map(self._with_stamps, block.blocks)))
            case _:
                return block

    def _stamped(self, prose: Prose) -> Prose:
        if any(run.link == run.text for run in prose):
            prose = tuple(map(self._bare, prose))
        return times.stamp(prose, is_recording=self.leads_here, is_other=self._false_times.is_false_time)

    def _bare(self, run: Run) -> Run:
        """Make a stamp of a bare URL that opens a recording at a second."""
        if run.link != run.text or not self.is_media(run.text) or (found := providers.time_of(run.text)) is None:
            return run
        return replace(run, kind=RunKind.STAMP, stamps=(replace(found, url=run.text),), link=None)

    def resolve(self, prose: Prose, nearest: str | None) -> Prose:
        """Prose whose stamps have their links; `nearest` is the recording that bare ones belong to."""
        if not any(run.stamps for run in prose):
            return prose
        return tuple(replace(run, stamps=self.link(run.stamps, nearest)) if run.stamps else run for run in prose)

    def link(self, stamps: Iterable[Timestamp], nearest: str | None) -> tuple[Timestamp, ...]:
        """Stamps with the URLs that open their recording there."""
        return tuple(self._link(stamp, stamp.url or nearest) for stamp in stamps)

    def _link(self, stamp: Timestamp, url: str | None) -> Timestamp:
        if url is None:
            return stamp
        template = self.templates.get(providers.host(url))
        return replace(stamp, url=providers.filled(template, url, stamp) if template else providers.at_second(url, stamp))

    def after(self, block: Block, nearest: str | None) -> str | None:
        """The nearest recording once a block was passed: one that is nothing but a recording has the bare stamps below it.

        So has a heading that links to one. A link in running text is a mention, and a link to a second is a stamp.
        """
        match block:
            case Heading(prose=prose):
                found = tuple(_of_prose(prose))
            case Paragraph(prose=prose):
                found = tuple(_of_prose(prose))
                found = found if found and (self._scoped or _is_only_links(prose)) else ()
            case Code() | Html() | Properties():
                found = tuple(_links((block,)))
            case _:
                return nearest
        url = next((url for url in found if self.is_media(url) and providers.time_of(url) is None), None)
        if url is None or (nearest is not None and providers.identity(url) == providers.identity(nearest)):
            return nearest
        return url


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Each heading with what is below it, and what comes before the first."""
    section: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading) and section:
            yield section
            section = []
        section.append(block)
    yield section


def _is_timed(block: Paragraph | Heading) -> bool:
    """Whether a highlight links to its own place in a recording, as Readwise writes it: `([Time 0:11:12](…))`."""
    return any(run.link and times.is_timed(run.text) for run in block.prose)


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
    text = "".join(run.text for run in prose if not (run.link or run.target or any(stamp.url for stamp in run.stamps)))
    return not any(map(str.isalnum, _PLAYER.sub("", text)))


def _of_prose(prose: Prose) -> Iterator[str]:
    for run in prose:
        if run.link:
            yield run.link
        elif run.target and run.target.startswith(("http://", "https://")):
            yield run.target
        elif run.stamps:
            yield from (stamp.url for stamp in run.stamps if stamp.url)
        elif "src" in run.text:
            yield from _SRC.findall(run.text)
        elif "{{" in run.text:
            yield from metadata.urls(run.text)

"""A note's text → its takeaways, and what looked like one with the reason why it is none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from cards.model import (
    Block,
    Bullets,
    Heading,
    Note,
    Paragraph,
    ParseOptions,
    Problem,
    Properties,
    Quote,
    Rule,
    RunKind,
    Skipped,
    texts,
)
from cards.model.prose import readable, squeeze, visible
from cards.parser import filters, frontmatter, metadata
from cards.parser.blocks import outline
from cards.parser.context import Context, clean, has_tag
from cards.parser.logseq import as_markdown, named_blocks, references
from cards.parser.notion import without_asides
from cards.parser.reading import Position
from cards.parser.recordings import Recordings
from cards.parser.takeaways import Walk
from cards.text import vocabulary
from cards.text.language import language_of

_SAMPLE = 5_000  # characters that tell a note's language
_DAY = re.compile(r"(?:19|20)\d\d[-_. ]?(?:0\d|1[0-2])[-_. ]?(?:[0-2]\d|3[01])\s*$")  # a page of a journal
_HARD_SPACE = re.compile(r"(?<![\d«])\u00a0(?![;:!?»%\d])")  # French and figures need theirs, exporters' are noise


def parse(text: str, path: str, options: ParseOptions | None = None, *, blocks: Mapping[str, str] | None = None) -> Note:
    """Read one note. `path` is relative to the vault's root; `blocks` are the Logseq blocks of other notes, by their id.

    Never raises: what is odd comes back as problems, what gave no takeaway as skipped.
    """
    text = readable(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if "\u00a0" in text:
        text = _HARD_SPACE.sub(" ", text)
    head = frontmatter.split(text)
    problems: list[Problem] = []
    if head.problem:
        line, _, reason = head.problem.partition(":")
        problems.append(
            Problem(path, int(line), "frontmatter", f"the frontmatter can't be read ({reason}); its body is read all the same")
        )
    options = options or ParseOptions()
    named, referred = named_blocks(head.body), references(head.body)
    outlined = outline(as_markdown(without_asides(head.body), blocks), head.first_line)
    values = _with_page_properties(head.values, outlined)
    journal = bool(_DAY.match(PurePosixPath(path).stem))
    recordings = Recordings(values, outlined, options.recordings, journal=journal)
    title, outlined = _title(values, recordings.find_stamps(outlined), path)
    language = metadata.language(values)
    tagged = not options.only_tagged or _is_tagged(values, outlined, options.only_tagged)
    walk = Walk(Context(title, options), recordings, language, _is_of_meeting(outlined), tagged)
    walk.blocks(outlined, Position(recording=recordings.first))
    selected = filters.select_takeaways(
        walk.candidates, walk.lists, metadata.people(values), path, frozenset(options.bare_labels)
    )
    skipped = sorted([*selected.skipped, *(Skipped(path, *each) for each in walk.skipped)], key=lambda each: each.line)
    return Note(
        path=path,
        title=title,
        properties=values,
        takeaways=tuple(selected.takeaways),
        refused=(*selected.refused, *walk.former),
        skipped=tuple(skipped),
        problems=tuple(problems),
        source=metadata.page(values) or recordings.first,
        chosen=_chosen(outlined, options.sections) if options.sections else (),
        wanted=not metadata.is_false(metadata.get(values, "cards")),
        language=language,
        spoken=language or language_of(head.body[:_SAMPLE]),
        byline=metadata.byline(values, title),
        recording=recordings.first,
        file=metadata.recording_file(values),
        named_blocks=tuple(named.items()),
        referred_blocks=tuple(sorted(referred)),
    )


def _with_page_properties(values: dict[str, object], blocks: Sequence[Block]) -> dict[str, object]:
    """The frontmatter, and the `key:: value` lines that open the body, be it in a first bullet without others below it."""
    found: dict[str, object] = {}
    for block in blocks:
        if isinstance(block, Properties):
            found.update(block.values)
        elif isinstance(block, Bullets) and block.items and not any(isinstance(b, Bullets) for b in block.items[0].blocks):
            return {**dict(block.items[0].values), **found, **values}
        elif not (isinstance(block, Heading) and block.level == 1):
            break
    return {**found, **values}


def _is_of_meeting(blocks: Sequence[Block]) -> bool:
    """Whether a note has the minutes of a meeting: a heading such as Attendees or Action items says so."""
    names = (visible(block.prose) for block in blocks if isinstance(block, Heading))
    return any(vocabulary.matches(name, vocabulary.MEETING_HEADINGS) for name in names)


def _is_tagged(values: dict[str, object], blocks: Sequence[Block], wanted: Sequence[str]) -> bool:
    """Whether a note has one of these tags: in its frontmatter, or on a line of tags alone."""
    found = (word for text in metadata.strings(metadata.get(values, "tags", "tag")) for word in text.replace(",", " ").split())
    given = " ".join(f"#{tag.lstrip('#')}" for tag in found)
    lines = (visible(block.prose) for block in blocks if isinstance(block, Paragraph))
    alone = (line for line in lines if line and all(word.startswith("#") for word in line.split()))
    return has_tag(given, wanted) or any(has_tag(line, wanted) for line in alone)


def _chosen(blocks: Sequence[Block], sections: Sequence[str]) -> tuple[str, ...]:
    """The sections of `cards.toml` that a heading of the note matches."""
    names = [visible(block.prose) for block in texts(blocks) if isinstance(block, Heading)]
    return tuple(
        each for each in sections if any(vocabulary.matches(name, frozenset((vocabulary.heading_key(each),))) for name in names)
    )


def _is_aside(block: Block) -> bool:
    """Whether a block before the first heading leaves that the title: a property line, quote, rule or picture."""
    pictured = isinstance(block, Paragraph) and all(run.kind is RunKind.IMAGE or not run.text.strip() for run in block.prose)
    return pictured or isinstance(block, Properties | Quote | Rule)


def _title(values: dict[str, object], blocks: tuple[Block, ...], path: str) -> tuple[str, tuple[Block, ...]]:
    """The note's title, and the blocks without the heading that gives it.

    The frontmatter's `title`, else a sole H1 that comes before other content, else the file's stem.
    """
    first = next((i for i, block in enumerate(blocks) if not _is_aside(block)), None)
    heading = blocks[first] if first is not None else None
    tops = sum(isinstance(block, Heading) and block.level == 1 for block in blocks)
    sole = isinstance(heading, Heading) and heading.level == 1 and tops == 1
    given = metadata.title(values)
    stem = readable(PurePosixPath(path).stem)
    if sole:
        assert isinstance(heading, Heading)
        assert first is not None
        text = clean(visible(heading.prose))
        if text and (given is None or text.casefold() == squeeze(given).casefold()):
            given, blocks = given or text, (*blocks[:first], *blocks[first + 1 :])
    return squeeze(given or stem) or stem, blocks

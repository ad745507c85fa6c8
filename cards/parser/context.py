"""Where the walk is: the headings and parents above, and the timestamps that still date what follows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from cards.model import ParseOptions, Timestamp
from cards.model.prose import squeeze
from cards.text import vocabulary
from cards.text.words import words

_TYPED_DELETION = re.compile(r"\{\{c\d+::(.*?)(?:::[^{}]*)?\}\}", re.S)
_TAG = re.compile(r"(?<!\S)#([^\s#.,;:!?]+)")
_MACRO = re.compile(r"\{\{[^{}]*\}\}")
_WORDY = re.compile(r"[^\W_]")
# at the end of a heading: `{#name .class}` of Kramdown and Pandoc, `^id` of Obsidian
ATTRIBUTES = re.compile(r"\s*\{[#.][^{}]*\}$|\s+\^[A-Za-z\d-]+$")
_REFERENCE = re.compile(r"\(\([0-9a-fA-F-]{36}\)\)")
REPEATED = 0.7  # of its words: a heading that repeats so much of the part before it says nothing more
_LONGEST = 300  # characters of one entry of the breadcrumb, which all cards below it repeat


@dataclass(slots=True)
class Section:
    """A heading the walk is under. `stamps` date what stands under it."""

    level: int
    text: str
    line: int
    takeaways: bool = False
    skipped: bool = False
    chosen: bool = True
    stamps: tuple[Timestamp, ...] = ()
    fresh: bool = True  # no list has stood directly under it yet


@dataclass(frozen=True, slots=True)
class Parent:
    """A takeaway the walk is below."""

    text: str
    stamps: tuple[Timestamp, ...]


Parents = tuple[Parent, ...]


@dataclass(slots=True)
class Context:
    """The sections around the walk, the innermost last, and the stamps that stand on lines of their own."""

    title: str
    options: ParseOptions
    sections: list[Section] = field(default_factory=list)
    before: str = ""  # the heading before the last one
    titled: bool = False  # that heading stands right before this one with nothing but stamps between: it is its title
    exported: bool = False  # it has a time as well, as an app writes it
    _settled: bool = True  # something other than stamps stands below the last heading
    _here: str = ""
    _standing: tuple[Timestamp, ...] = ()  # stamps on a line of their own, which still date what follows
    _until: int = 0  # the level of the heading that ends them
    _fresh: bool = False  # nothing has followed them yet: the next heading is theirs
    _shown: tuple[str, ...] = ()  # title and headings of the breadcrumb, empty where the sections have changed

    @property
    def section(self) -> Section | None:
        """The heading we are directly under."""
        return self.sections[-1] if self.sections else None

    @property
    def above(self) -> str:
        """The heading that this one belongs under, else the title."""
        return self.sections[-2].text if len(self.sections) > 1 else self.title

    def announces(self, level: int) -> bool:
        """Whether a heading of this level would stand directly below a takeaway heading."""
        above = next((section for section in reversed(self.sections) if section.level < level), None)
        return above is not None and above.takeaways

    def enter(self, text: str, level: int, line: int, stamps: tuple[Timestamp, ...]) -> None:
        """Go under a heading. Its stamps, or those on the line above it, date what follows up to an equal heading."""
        right_before = self.sections[-1] if self.sections and not self._settled else None
        # one above it is a title only if it has a time, as in an export
        self.exported = right_before is not None and bool(right_before.stamps or self._fresh)
        self.titled = self.exported or (right_before is not None and right_before.level == level)
        self._settled = False
        self.before, self._here = self._here, text
        if stamps or (level <= self._until and not self._fresh):
            self._standing = ()
        elif self._fresh:
            self._until = level
        self._fresh = False
        self._shown = ()
        while self.sections and self.sections[-1].level >= level:
            self.sections.pop()
        takeaways = vocabulary.is_takeaway_heading(text, self.options.takeaway_headings)
        skipped = not takeaways and vocabulary.is_skipped_heading(text, self.options.skipped_headings)
        self.sections.append(
            Section(
                level,
                text,
                line,
                takeaways,
                skipped or any(section.skipped for section in self.sections),
                self._is_chosen(text) or any(section.chosen for section in self.sections),
                stamps,
            )
        )

    def _is_chosen(self, text: str) -> bool:
        wanted = frozenset(vocabulary.heading_key(section) for section in self.options.sections)
        return not wanted or vocabulary.matches(text, wanted)

    @contextmanager
    def beside(self, level: int) -> Iterator[None]:
        """Stand where a heading of this level is about to: under the sections above it."""
        sections, shown = self.sections, self._shown
        self.sections, self._shown = [section for section in sections if section.level < level], ()
        try:
            yield
        finally:
            self.sections, self._shown = sections, shown

    def date(self, stamps: tuple[Timestamp, ...]) -> None:
        """Stamps on a line of their own date what follows, a heading included, up to the next stamp or equal heading."""
        if stamps:
            self._standing, self._fresh = stamps, True
            self._until = self.sections[-1].level if self.sections else 6

    def settle(self) -> None:
        """Something other than a heading follows: the standing stamps belong to the section we are in."""
        self._fresh, self._settled = False, True

    def titled_no_more(self) -> None:
        """A quote or a table follows: the heading above it is no title of the next one."""
        self._settled = True

    def leave(self, sections: int) -> None:
        """Come out of the headings of a list item: so many sections are left."""
        if sections < len(self.sections):
            del self.sections[sections:]
            self._standing = ()
            self._shown = ()

    def _titles(self) -> tuple[str, ...]:
        """The title, and the headings that say more than it and the heading before."""
        if not self._shown:
            out = [clean(self.title) or self.title]
            last = self.title
            for section in self.sections:
                if section.text and not _repeats(section.text, last):
                    out.append(section.text)
                    last = section.text
            self._shown = tuple(out)
        return self._shown

    def breadcrumb(self, parents: Parents = ()) -> tuple[str, ...]:
        """The breadcrumb: title, headings, parents."""
        titles = self._titles()
        return (*titles, *[parent.text for parent in parents if parent.text]) if parents else titles

    def of_headings(self) -> frozenset[int]:
        """Which entries of the breadcrumb are headings."""
        return _up_to(len(self._titles()))

    def inherited(self, parents: Parents) -> tuple[Timestamp, ...]:
        """The stamps of the nearest parent or heading that has any."""
        headings = (section.stamps for section in reversed(self.sections))
        return next(filter(None, (*(parent.stamps for parent in reversed(parents)), self._standing, *headings)), ())

    def left_out(self) -> str | None:
        """Why nothing here is a takeaway, None where something may be."""
        for section in self.sections:
            if section.skipped:
                return f"the section “{section.text}” holds no takeaways"
        return "outside the sections that cards.toml names" if self.unwanted() else None

    def is_tagged(self) -> bool:
        """Whether a heading that we are under has one of the tags that `cards.toml` asks for."""
        return any(has_tag(section.text, self.options.only_tagged) for section in self.sections)

    def unwanted(self) -> bool:
        """Whether `cards.toml` names other sections."""
        return bool(self.options.sections) and not (self.section and self.section.chosen)


@lru_cache(maxsize=1024)
def _repeats(text: str, before: str) -> bool:
    """Whether a heading says little more than the part before it."""
    said, known = Counter(words(text)), Counter(words(before))
    if not said:
        return text.casefold() == before.casefold()
    return (said & known).total() >= REPEATED * said.total()


@lru_cache(maxsize=32)
def _up_to(end: int) -> frozenset[int]:
    return frozenset(range(1, end))


def has_tag(text: str, wanted: Iterable[str]) -> bool:
    """Whether a text has one of these tags (`#flashcards`, `#flashcards/sea`); they are case folded."""
    found = [match.casefold() for match in _TAG.findall(text)] if "#" in text else []
    return any(tag == each or tag.startswith(f"{each}/") for tag in found for each in wanted)


def clean(text: str) -> str:
    """A heading, parent or label as the breadcrumb shows it, cut where no one would read on.

    No emoji, no colon at its end, none of the marks of typed deletions, macros, attributes and block references; nothing
    where there is no word.
    """
    if "{{" in text or "((" in text:
        text = squeeze(_REFERENCE.sub("", _MACRO.sub("", _TYPED_DELETION.sub(r"\1", text))))
    if not _WORDY.search(text):
        return ""
    shown = vocabulary.without_emoji(ATTRIBUTES.sub("", text)).rstrip(" :：").strip()
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"

"""Which candidates of a note are takeaways, and why the others are not.

Precision before recall: what is most likely a transcript, metadata or a list of resources gives no card, and says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cards.model import Mark, Origin, Prose, RunKind, Skipped, Takeaway, paragraphs
from cards.model.measures import MAX_LIST_WORDS, POINTS
from cards.model.prose import cut, plain, squeeze, visible
from cards.parser.labels import Lead
from cards.parser.labels import lead as read_lead
from cards.text import vocabulary
from cards.text.words import count, line_asks
from cards.timestamps import times

SHORT_VALUE = 12  # words of a metadata value
INFOBOX_VALUE = 20  # words of one value of an infobox, whose mean is at most eight

_WISHES = frozenset({"marked no-card", "a task", "struck out"})  # the author's reasons, which end a card's life
LIST_TOO_LONG = "a list card holds"  # the beginning of a reason
_TYPED = re.compile(r"\{\{c[1-9]\d{0,2}::.*?\}\}", re.S)
_NUMBERED_SPEAKER = re.compile(r"speaker[ _]?[a-z\d]{1,2}", re.I)
_NAME = re.compile(r"(?:\w[\w.'’-]*)(?: \w[\w.'’-]*){0,3}")
_WORDY = re.compile(r"\w")
_UNTITLED = "untitled"  # how Snipd calls a snip without a title
_CONTENTS = "table of contents generated with"  # what DocToc writes into so many files
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]:")
PHRASE = frozenset({Mark.BOLD, Mark.HIGHLIGHT})


class Candidate(Struct, frozen=True, kw_only=True):
    """An item or paragraph as a takeaway, and what tells whether it is one.

    `prose` is its text with the label, `label` the label's plain text. `section` is the line of the heading it stands under
    and `level` that heading's, `number` counts the lists of the note. `left_out` says why nothing in this place is a
    takeaway, and it is `unwanted` if `cards.toml` says so. `key` is the text before the `::` of a typed question.
    """

    takeaway: Takeaway
    prose: Prose
    lead: Lead | None = None
    label: str = ""
    section: int = 0
    level: int = 0
    left_out: str | None = None
    unwanted: bool = False
    item: bool = False
    task: bool = False
    number: int = 0
    language: str = ""
    key: str | None = None

    @property
    def line(self) -> int:
        return self.takeaway.line

    @property
    def typed(self) -> bool:
        """Whether it is a question that the user typed."""
        return self.takeaway.front is not None and self.lead is None


class HeadingList(Struct, frozen=True, kw_only=True):
    """A list directly under a takeaway heading: the card it may give, the lines of its items, whether it is flat.

    `above` is the heading that this one belongs under, `before` the one that stands before it in the note.
    """

    takeaway: Takeaway
    members: tuple[int, ...]
    flat: bool
    above: str
    before: str = ""


def is_marked(prose: Prose) -> bool:
    """Whether prose has something that could become a card: bold, a highlight, a typed deletion."""
    return not all(PHRASE.isdisjoint(run.marks) for run in prose) or is_typed(prose)


def is_typed(prose: Prose) -> bool:
    """Whether the user typed a deletion (`{{c1::…}}`) into it."""
    if not any("{{" in run.text for run in prose):
        return False
    return bool(_TYPED.search("".join(run.text if run.kind is RunKind.TEXT else "\ufffc" for run in prose)))


class Selected(NamedTuple):
    """The takeaways of a note, the candidates that our rules refuse (why, as `flaw`), and what gave none with its reason."""

    takeaways: list[Takeaway]
    refused: list[Takeaway]
    skipped: list[Skipped]


def select_takeaways(
    candidates: Sequence[Candidate],
    lists: Sequence[HeadingList],
    people: frozenset[str],
    path: str,
    bare_labels: frozenset[str] = frozenset(),
) -> Selected:
    """Say which candidates of a note are takeaways, in reading order."""
    reasons = _Reasons(candidates, people)
    takeaways: list[Takeaway] = []
    refused: list[Takeaway] = []
    skipped: list[Skipped] = []
    gone: set[int] = set()
    for candidate in candidates:
        reason = reasons.of(candidate)
        if reason is None:
            takeaways.append(candidate.takeaway)
        else:
            gone.add(candidate.line)
            if reason not in _WISHES and not candidate.unwanted:
                refused.append(replace(candidate.takeaway, flaw=reason))
            if candidate.item or candidate.typed or is_marked(candidate.prose) or line_asks(plain(candidate.prose)):
                skipped.append(Skipped(path, candidate.line, visible(candidate.prose), reason))
    takeaways, lists = _qualified(takeaways, lists, bare_labels)
    for each in lists:
        takeaways.append(replace(each.takeaway, members=each.members, flaw=_flaw(each, gone)))
    return Selected(takeaways, refused, skipped)


def _flaw(each: HeadingList, gone: set[int]) -> str | None:
    size = len(each.members)
    if vocabulary.heading_key(_text(each.takeaway)) == _UNTITLED:
        return "its snip has no title; give it one that asks"
    if not each.flat:
        return "a list card needs a flat list of plain bullets"
    if any(line in gone for line in each.members):
        return "some of its items are left out, so the list is no whole answer"
    if size not in POINTS:
        return (
            f"{LIST_TOO_LONG} {POINTS[0]} to {POINTS[-1]} points, this list has {size}; begin each with a bold label, "
            "or put its key phrase in bold"
        )
    words = sum(count(visible(paragraph.prose)) for paragraph in paragraphs(each.takeaway.rest))
    if words > MAX_LIST_WORDS:
        return (
            f"{LIST_TOO_LONG} at most {MAX_LIST_WORDS} words, this list has {words}; begin each point with a bold label, "
            "or put its key phrase in bold"
        )
    return None


class _Reasons:
    """Why a candidate is no takeaway. What needs the whole note is counted once."""

    def __init__(self, candidates: Sequence[Candidate], people: frozenset[str]) -> None:
        self.people = people | {part for name in people for part in name.split() if len(part) > 2}
        names = Counter(
            (candidate.section, candidate.label)
            for candidate in candidates
            if candidate.lead and not candidate.item and _is_name(candidate.label)
        )
        talks = {section for (section, _), times in names.items() if times >= 3}
        self.speakers = {(section, label) for section, label in names if section in talks}
        self.keys = Counter(candidate.key.casefold() for candidate in candidates if candidate.key)
        self.infobox = _infobox(candidates)

    def of(self, candidate: Candidate) -> str | None:
        if candidate.left_out:
            return candidate.left_out
        if any(squeeze(comment).casefold() == "no-card" for comment in candidate.takeaway.comments):
            return "marked no-card"
        if candidate.task:
            return "a task"
        if candidate.typed:
            repeats = candidate.key is not None and " " not in candidate.key and self.keys[candidate.key.casefold()] > 1
            return "a property (`key::value`)" if repeats else None
        text = plain(candidate.prose)
        if _is_struck(candidate.prose):
            return "struck out"
        if _FOOTNOTE.match(text):
            return "a footnote"
        if _bold_time(candidate.prose):
            return "a transcript or schedule line: it starts with a bold time"
        if candidate.lead is not None and (reason := self._of_label(candidate)):
            return reason
        if "generated" in text.casefold() and squeeze(text).casefold().startswith(_CONTENTS):
            return "a table of contents"
        if _label_lines(candidate.prose, candidate.language) > 1:
            return "metadata: two or more label lines in one paragraph"
        if candidate.item and _led_by_link(candidate.prose):
            return "a resource: the item is led by a link"
        return None

    def _of_label(self, candidate: Candidate) -> str | None:
        """Why the label of a candidate makes it none: a speaker, metadata, a section without takeaways."""
        label = candidate.label
        key = vocabulary.heading_key(label)
        if key in self.people or _NUMBERED_SPEAKER.fullmatch(label) or key in vocabulary.SPEAKERS:
            return f"a transcript line of {label}"
        if (candidate.section, label) in self.speakers:
            return f"a transcript line of {label}"
        if not is_typed(candidate.prose) and (reason := self._metadata(candidate, key)):
            return reason
        return f"“{label}” holds no takeaways" if key in vocabulary.SKIPPED_HEADINGS else None

    def _metadata(self, candidate: Candidate, key: str) -> str | None:
        assert candidate.lead is not None
        value = visible(candidate.lead.rest)
        if candidate.number in self.infobox and candidate.number:
            return "metadata: an infobox"
        if key in vocabulary.METADATA_LABELS and _is_contact(value):
            return "metadata"
        if (
            key in vocabulary.METADATA_LABELS
            and not candidate.takeaway.rest
            and count(value) <= SHORT_VALUE
            and not _is_sentence(value)
        ):
            return "metadata"
        if value and not candidate.takeaway.rest and _all_links(candidate.lead.rest):
            return "metadata: the value is a link"
        return None


def _text(takeaway: Takeaway) -> str:
    return visible(takeaway.front.prose) if takeaway.front else visible(takeaway.text)


def _qualified(
    takeaways: list[Takeaway], lists: Iterable[HeadingList], bare: frozenset[str]
) -> tuple[list[Takeaway], list[HeadingList]]:
    """Labels that stand twice, or say nothing alone, are shown with the heading they stand under."""
    lists = list(lists)
    labels = Counter(
        _text(each).casefold() for each in takeaways if each.front is not None and each.front.origin is Origin.LABEL
    )
    names = Counter(_text(each.takeaway).casefold() for each in lists)
    out: list[Takeaway] = []
    for each in takeaways:
        front = each.front
        if front is not None and front.origin is Origin.LABEL:
            text = _text(each)
            alone = vocabulary.is_bare_label(text, bare)
            above = [part for i, part in enumerate(each.context) if i in each.headings] or list(each.context[1:])
            if (alone or labels[text.casefold()] > 1) and above:
                each = replace(each, front=replace(front, shown=f"{above[-1]} › {text}"))
        out.append(each)
    qualified: list[HeadingList] = []
    for one in lists:
        front = one.takeaway.front
        assert front is not None
        if names[_text(one.takeaway).casefold()] > 1:
            twins = Counter(
                other.above for other in lists if _text(other.takeaway).casefold() == _text(one.takeaway).casefold()
            )
            shown = f"{one.above if twins[one.above] == 1 else one.before or one.above} › {_text(one.takeaway)}"
            one = replace(one, takeaway=replace(one.takeaway, front=replace(front, shown=shown)))
        qualified.append(one)
    return out, qualified


# --------------------------------------------------------------------------------------------------- what it looks like


def _is_name(label: str) -> bool:
    """Whether a label could be somebody's name: up to four capitalised words."""
    return bool(_NAME.fullmatch(label)) and all(part[:1].isupper() or not part[:1].isascii() for part in label.split())


def _is_struck(prose: Prose) -> bool:
    said = [run for run in prose if run.kind is not RunKind.STAMP and _WORDY.search(run.text)]
    return bool(said) and all(Mark.STRIKE in run.marks for run in said)


def _bold_time(prose: Prose) -> bool:
    """Whether a line is led by a bold time: `**0:05** · …`, or one that names a slot of the day (`**7:30 [Setup]:**`)."""
    for run in prose:
        if not run.text.strip():
            continue
        if Mark.BOLD not in run.marks:
            return False
        if run.kind is not RunKind.STAMP:
            return bool(times.BOLD_TIME.match(run.text))
        return not any(
            other.kind is RunKind.TEXT and Mark.BOLD in other.marks and _WORDY.search(other.text) for other in prose[1:2]
        )
    return False


def _label_lines(prose: Prose, language: str) -> int:
    """How many lines of a paragraph begin with a label and a colon."""
    text = plain(prose)
    if "\n" not in text and "\v" not in text:
        return 0
    found, start = 0, 0
    for i, char in enumerate(text + "\n"):
        if char in "\n\v":
            one = read_lead(cut(prose, start, i), language)
            found += one is not None and one.colon
            start = i + 1
    return found


def _led_by_link(prose: Prose) -> bool:
    for run in prose:
        if run.kind is RunKind.STAMP or (run.kind is RunKind.TEXT and not run.link and not _WORDY.search(run.text)):
            continue
        return bool(run.link and run.link.startswith(("http://", "https://")))
    return False


def _is_contact(value: str) -> bool:
    """Whether a value is an address to write to or a number to call."""
    return bool(re.search(r"\S@\S+\.\w|\+\d[\d ()-]{6,}", value))


def _all_links(prose: Prose) -> bool:
    shown = [run for run in prose if run.kind is not RunKind.STAMP and _WORDY.search(run.text)]
    return bool(shown) and all(run.link for run in shown)


def _is_sentence(value: str) -> bool:
    return value.endswith((".", "!", "?", "。", "！", "？")) and count(value) > 3


def _infobox(candidates: Sequence[Candidate]) -> frozenset[int]:
    """The lists of labels with short values that stand before the first takeaway."""
    boxes: set[int] = set()
    numbers = dict.fromkeys(
        candidate.number
        for candidate in candidates
        if candidate.item and candidate.takeaway.depth == 1 and not candidate.left_out
    )
    for number in numbers:
        items = [candidate for candidate in candidates if candidate.number == number]
        if not any(candidate.lead for candidate in items):
            continue
        last = max(candidate.line for candidate in items)
        follows = any(candidate.line > last and (candidate.lead or is_marked(candidate.prose)) for candidate in candidates)
        if _is_infobox(items, follows):
            boxes.add(number)
            continue
        break
    return frozenset(boxes)


def _is_infobox(items: Sequence[Candidate], follows: bool) -> bool:
    """CardKey metadata labels tell it anywhere; else it stands before the first section, with takeaways to follow."""
    labelled = [candidate for candidate in items if candidate.lead is not None]
    if len(items) < 3 or len(labelled) < len(items):
        return False
    known = sum(vocabulary.heading_key(candidate.label) in vocabulary.INFOBOX_LABELS for candidate in items)
    if known >= 3 and known * 2 > len(items):
        return True
    if not follows or items[0].level > 1 or any(candidate.takeaway.rest or candidate.takeaway.stamps for candidate in items):
        return False
    values = [visible(candidate.lead.rest) for candidate in labelled if candidate.lead]
    lengths = [count(value) for value in values]
    return (
        max(lengths) <= INFOBOX_VALUE
        and sum(lengths) <= 8 * len(lengths)
        and not any(_is_sentence(value) for value in values)
        and not any(is_marked(candidate.lead.rest) for candidate in labelled if candidate.lead)
    )

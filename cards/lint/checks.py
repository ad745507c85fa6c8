"""What will make a card hard or useless to review, found before it is: the checks of the rules in `rules`.

A finding must be right nearly always, or nobody reads the next one: where a check could not tell, it is silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from cards.generator import Generated
from cards.generator.cloze import PLAIN
from cards.lint.rules import (
    BY_CODE,
    LONG_ANSWER,
    LONG_GAP,
    LONG_LIST,
    LONG_SENTENCE,
    MANY_GAPS,
    MOST_OF_GAP,
    MOST_OF_SENTENCE,
    SHORT_ANSWER,
    SLACK,
    STRAY_TIMES,
    Rule,
)
from cards.model import (
    Bullets,
    Cloze,
    Draft,
    Note,
    Origin,
    Paragraph,
    Problem,
    Prose,
    Qa,
    RunKind,
    Skipped,
    Takeaway,
    paragraphs,
)
from cards.model.blocks import block_text
from cards.model.prose import plain, squeeze, visible
from cards.parser import metadata
from cards.text import vocabulary
from cards.text.words import cjk, count, words
from cards.timestamps import times
from cards.timestamps.false_times import FalseTimes
from cards.timestamps.providers import identity

_OF_PROBLEMS = {"media": "C014", "recording": "C015", "frontmatter": "C016"}
_IGNORE = re.compile(r"cards-lint:\s*ignore\b\s*(?P<codes>[\w,\s]*)", re.I)
# a mark that has a word on one side: `**so`, `so==`; not a power, a comparison or a row of asterisks
_LEFT_OVER = re.compile(r"(?<![\w*])\*\*(?=[^\s*])|(?<=[^\s*])\*\*(?![\w*])|(?<![\w=<>!])==(?=\w)|(?<=\w)==(?![\w=>])")
_EXPECTING = frozenset("is was will would seems takes took makes pays helps ist war scheint est était es era".split())
_WORDY = re.compile(r"\w")


class Finding(Struct, frozen=True, order=True):
    """Something to mend in a note. `line` is 1-based, 0 for the note as a whole; `kind` is that of the card it is about."""

    note: str
    line: int
    code: str
    message: str
    kind: str = ""

    @property
    def rule(self) -> Rule:
        return BY_CODE[self.code]


class ParsedNote(NamedTuple):
    """A note, what it gave, and its text."""

    note: Note
    made: Generated
    text: str


def chosen(found: Iterable[Finding], select: Sequence[str] = (), ignore: Sequence[str] = ()) -> list[Finding]:
    """The findings whose code begins with one of `select` (all where it is empty) and with none of `ignore`."""
    wanted = tuple(select) or ("C",)
    return [each for each in found if each.code.startswith(wanted) and not (ignore and each.code.startswith(tuple(ignore)))]


def findings(notes: Sequence[ParsedNote], problems: Iterable[Problem] = ()) -> list[Finding]:
    """All findings of these notes, in their order. `problems` are those of a run over them: missing files and the like."""
    found = [each for read in notes if read.note.wanted for each in _of_note(read)]
    found += _twins(notes)
    found += [Finding(p.path, p.line, _OF_PROBLEMS[p.code], p.message) for p in problems if p.code in _OF_PROBLEMS]
    ignored = {
        (read.note.path, takeaway.line): _ignored(takeaway)
        for read in notes
        for takeaway in read.note.takeaways
        if takeaway.comments
    }
    kept = (each for each in found if each.code not in ignored.get((each.note, each.line), ()))
    return sorted(dict.fromkeys(kept))


def _ignored(takeaway: Takeaway) -> frozenset[str]:
    """The codes that a `%% cards-lint: ignore C012 %%` on a takeaway names; all of them where it names none."""
    codes: set[str] = set()
    for comment in takeaway.comments:
        if match := _IGNORE.search(comment):
            codes |= set(re.findall(r"C\d{3}", match["codes"].upper())) or BY_CODE.keys()
    return frozenset(codes)


def _of_note(read: ParsedNote) -> Iterator[Finding]:
    note, (drafts, skipped), _ = read
    takeaways = {takeaway.line: takeaway for takeaway in reversed(note.takeaways)}
    for draft in drafts:
        place = draft.place
        takeaway = takeaways.get(place.line)
        parent = takeaway is not None and any(takeaway.line < each.place.line <= takeaway.last for each in drafts)
        for code, check in _CARD_CHECKS:
            if code == "C008" and parent:
                continue  # its children have cards of their own
            if (draft.kind == check.kind or not check.kind) and (message := check.run(draft, takeaway)):
                yield Finding(place.note, place.line, code, message, draft.kind)
    for takeaway in note.takeaways:
        if left := _left_over(takeaway):
            yield Finding(note.path, takeaway.line, "C010", f"a mark is left over: “{left}”")
        for stamp in dict.fromkeys(takeaway.stamps):
            if stamp.end is not None and stamp.end <= stamp.start:
                yield Finding(note.path, takeaway.line, "C011", f"{times.show(stamp)} ends before it starts")
    yield from _past_the_end(note)
    yield from _without_cue(note, skipped)
    yield from _without_recording(note)


# ------------------------------------------------------------------------------------------------------------ of a card


class _Check(NamedTuple):
    kind: str
    run: Callable[..., str | None]


def _gap_is_the_sentence(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    whole = count(plain(draft.text))
    for ordinal, phrases in _by_ordinal(draft):
        hidden = sum(map(count, phrases))
        if hidden > MOST_OF_SENTENCE * whole:
            return f"the gap c{ordinal} takes {hidden} of the {whole} words: “{_short(phrases[0])}”"
    return None


def _gap_is_long(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    longest = max((each.text for each in draft.deletions), key=count, default="")
    size = count(longest)
    return f"the gap “{_short(longest)}” has {size} words" if size > LONG_GAP else None


def _gap_is_given_away(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    text = plain(draft.text)
    for ordinal, phrases in _by_ordinal(draft):
        rest = list(text)
        for each in draft.deletions:
            if each.ordinal == ordinal:
                rest[each.start : each.end] = " " * (each.end - each.start)
        shown = set(words(" ".join(("".join(rest), *draft.place.context))))
        wanted = _content(" ".join(phrases))
        if len(wanted & shown) > MOST_OF_GAP * len(wanted):
            return f"“{_short(phrases[0])}” can be read off: {_listed(wanted & shown)} in the rest of the question"
    return None


def _answer_is_given_away(draft: Qa, takeaway: Takeaway | None) -> str | None:
    answer = squeeze(" ".join(map(block_text, draft.back)))
    wanted = _content(answer)
    if not wanted or count(answer) > SHORT_ANSWER or cjk(answer) or _has_more(draft) or " or " in draft.shown:
        return None
    shown = set(words(" ".join((draft.shown, *draft.place.context))))
    return f"the answer “{_short(answer)}” can be read off the question" if wanted <= shown else None


def _points_at_nothing(draft: Draft, takeaway: Takeaway | None) -> str | None:
    if len(draft.place.context) > 1:
        return None
    found = words(plain(draft.text) if isinstance(draft, Cloze) else draft.shown)
    if isinstance(draft, Cloze) and draft.deletions and draft.deletions[0].start == 0:
        return None  # the word is what is asked for
    if len(found) < 3:
        return None
    first, second = found[0], found[1]
    if (
        first in ("it", "es", "il", "это")
        and second in _EXPECTING
        and {"that", "to", "dass", "zu", "que", "de"} & set(found[2:7])
    ):
        return None  # it stands for what follows: “it is hard to say”
    if first in vocabulary.POINTING_WORDS and first not in vocabulary.POINTING_BEFORE_VERB:
        return f"begins with “{first}”, and only the title stands above it"
    if first in vocabulary.POINTING_BEFORE_VERB and second in vocabulary.POINTED_VERBS:
        return f"begins with “{first} {second}”, and only the title stands above it"
    return None


def _many_gaps(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    size = len({each.ordinal for each in draft.deletions})
    return f"one sentence has {size} gaps" if size > MANY_GAPS and not draft.typed else None


def _long_list(draft: Qa, takeaway: Takeaway | None) -> str | None:
    lists = [block for block in draft.back if isinstance(block, Bullets)]
    points = draft.points or (len(lists[0].items) if len(draft.back) == 1 and lists else 0)
    return f"{points} points are to be recalled at once" if points > LONG_LIST else None


def _long_answer(draft: Qa, takeaway: Takeaway | None) -> str | None:
    size = sum(count(visible(paragraph.prose)) for paragraph in paragraphs(draft.back))
    return f"the answer has {size} words" if size > LONG_ANSWER else None


def _long_sentence(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    size = count(plain(draft.text))
    return f"the sentence has {size} words" if size > LONG_SENTENCE and not draft.typed else None


def _yes_or_no(draft: Qa, takeaway: Takeaway | None) -> str | None:
    if takeaway is None or takeaway.front is None or takeaway.front.origin is not Origin.QUESTION:
        return None
    asked, answered = words(draft.shown), words(" ".join(map(block_text, draft.back)))
    if " or " in draft.shown or not asked or not draft.shown.rstrip(" \"'”»").endswith(("?", "？")):
        return None
    opens = asked[0] in vocabulary.YES_NO_OPENERS and "you" not in asked[1:2]
    said = bool(answered) and answered[0] in vocabulary.YES_NO_WORDS
    return "can be answered with yes or no" if opens or (said and asked[0] not in ("why", "how", "what")) else None


_CARD_CHECKS = (
    ("C001", _Check("cloze", _gap_is_the_sentence)),
    ("C002", _Check("cloze", _gap_is_long)),
    ("C003", _Check("cloze", _gap_is_given_away)),
    ("C003", _Check("qa", _answer_is_given_away)),
    ("C004", _Check("", _points_at_nothing)),
    ("C005", _Check("cloze", _many_gaps)),
    ("C007", _Check("qa", _long_list)),
    ("C008", _Check("qa", _long_answer)),
    ("C017", _Check("cloze", _long_sentence)),
    ("C018", _Check("qa", _yes_or_no)),
)

# ------------------------------------------------------------------------------------------------------------ of a note


def _left_over(takeaway: Takeaway) -> str | None:
    """The words around a `**` or `==` that Markdown left as text."""
    texts: list[Prose] = [takeaway.text, *([takeaway.front.prose] if takeaway.front else [])]
    for prose in texts:
        for run in prose:
            if run.kind is RunKind.TEXT and (match := _LEFT_OVER.search(run.text)) and _WORDY.search(run.text):
                return squeeze(run.text[max(0, match.start() - 20) : match.end() + 20])
    return None


def _past_the_end(note: Note) -> Iterator[Finding]:
    length = metadata.length(note.properties)
    if length is None:
        return
    for takeaway in note.takeaways:
        for stamp in dict.fromkeys(takeaway.stamps):
            if stamp.start > length + SLACK and _is_of(note, stamp.url):
                message = f"{times.show(stamp)} lies behind the end at {times.clock(length)}"
                yield Finding(note.path, takeaway.line, "C012", message)


def _is_of(note: Note, url: str | None) -> bool:
    return url is None or note.recording is None or identity(url) == identity(note.recording)


def _without_cue(note: Note, skipped: Sequence[Skipped]) -> Iterator[Finding]:
    bare = {each.line for each in skipped if each.reason == PLAIN}
    plain_ones = [t for t in note.takeaways if t.line in bare and not t.members and t.headings]
    under = [(t.context[: max(t.headings) + 1], t) for t in plain_ones]
    for context, group in groupby(under, key=lambda each: each[0]):
        lines = [takeaway.line for _, takeaway in group]
        if vocabulary.is_takeaway_heading(context[-1]):
            message = f"{len(lines)} of the takeaways under “{context[-1]}” have no label and no phrase in bold"
            yield Finding(note.path, lines[0], "C009", message)


def _without_recording(note: Note) -> Iterator[Finding]:
    if note.recording or note.file or any(takeaway.stamps or takeaway.inherited for takeaway in note.takeaways):
        return
    others = FalseTimes([plain(takeaway.text) for takeaway in note.takeaways])
    dated = [
        takeaway.line
        for takeaway in note.takeaways
        if any(run.stamps for run in times.stamp(takeaway.text, at_start=False, is_other=others.is_false_time))
    ]
    if len(dated) >= STRAY_TIMES:
        yield Finding(note.path, dated[0], "C013", f"{len(dated)} takeaways have times, and the note names no recording")


def _twins(notes: Sequence[ParsedNote]) -> Iterator[Finding]:
    """Cards that ask the same as one before them."""
    first: dict[tuple[str, ...], Draft] = {}
    for read in notes:
        if not read.note.wanted:
            continue
        for draft in read.made.drafts:
            place = draft.place
            asked = plain(draft.text) if isinstance(draft, Cloze) else draft.shown
            key = (draft.kind, *place.context[1:], squeeze(asked).casefold())
            before = first.setdefault(key, draft)
            if before is not draft and (before.place.note, before.place.line) != (place.note, place.line):
                if isinstance(draft, Qa) and before.place.note != place.note:
                    continue  # the titles of two notes tell their labels apart
                where = (
                    f"line {before.place.line}"
                    if before.place.note == place.note
                    else f"{before.place.note}:{before.place.line}"
                )
                yield Finding(place.note, place.line, "C006", f"asks the same as {where}: “{_short(asked)}”", draft.kind)


# ------------------------------------------------------------------------------------------------------------- of words


def _by_ordinal(draft: Cloze) -> Iterator[tuple[int, list[str]]]:
    for ordinal in sorted({each.ordinal for each in draft.deletions}):
        yield ordinal, [each.text for each in draft.deletions if each.ordinal == ordinal]


def _content(text: str) -> set[str]:
    """The words of a text that say something by themselves. None for CJK text, whose words are not told apart."""
    return set() if cjk(text) else set(words(text)) - vocabulary.STRESS_WORDS - vocabulary.PREPOSITIONS


def _has_more(draft: Qa) -> bool:
    """Whether an answer holds what is no words: code, a picture, a formula."""
    runs = [run for paragraph in paragraphs(draft.back) for run in paragraph.prose]
    return any(not isinstance(block, Bullets | Paragraph) for block in draft.back) or any(
        run.kind in (RunKind.IMAGE, RunKind.MATH, RunKind.DISPLAY_MATH) for run in runs
    )


def _listed(found: set[str]) -> str:
    return ", ".join(f"“{word}”" for word in sorted(found)[:3])


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"

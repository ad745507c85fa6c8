"""Checks for cards that will be hard or useless to review, one for each rule in `rules`.

Nobody reads findings that are often wrong, so a check in doubt stays silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from cards.generator import Generated
from cards.generator.cloze import PLAIN
from cards.generator.gaps import given_by, mostly_in
from cards.lint.rules import (
    BY_CODE,
    LONG_GAP,
    LONG_GAP_CJK,
    LONG_LIST,
    LONG_POINT,
    LONG_QUESTION_ANSWER,
    LONG_SENTENCE,
    MANY_GAPS,
    MOST_OF_SENTENCE,
    ONE_TERM,
    OPEN_GAP,
    OPEN_GAP_CJK,
    RESTATED,
    SHORT_ANSWER,
    SHORT_QUESTION,
    SLACK,
    STRAY_TIMES,
    THIN_ANSWER,
    Rule,
)
from cards.model import (
    Bullets,
    Card,
    Cloze,
    Draft,
    Mark,
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
from cards.model.measures import GIST_FROM
from cards.model.prose import Ruler, plain, squeeze, visible
from cards.parser import metadata
from cards.parser.filters import LIST_TOO_LONG
from cards.text import vocabulary
from cards.text.language import language_of
from cards.text.leaning import leans
from cards.text.stems import content_stems, stems
from cards.text.words import cjk, count, words
from cards.timestamps import times
from cards.timestamps.false_times import FalseTimes
from cards.timestamps.providers import identity

_CODE_OF_PROBLEM = {"media": "C014", "unread": "C014", "recording": "C015", "frontmatter": "C016"}
_IGNORE = re.compile(r"cards-lint:\s*ignore\b\s*(?P<codes>[\w,\s]*)", re.I)
# a mark with a word on one side (`**so`, `so==`), but no power, comparison or row of asterisks
_LEFT_OVER = re.compile(r"(?<![\w*])\*\*(?=[^\s*])|(?<=[^\s*])\*\*(?![\w*])|(?<![\w=<>!])==(?=\w)|(?<=\w)==(?![\w=>])")
_DEFINING = {("what", "is"), ("what", "are"), ("was", "ist"), ("qué", "es"), ("qu'est", "ce"), ("cos", "è"), ("что", "такое")}
_TOPIC = 2  # words of a label that names a topic: a single word is a term, more make a claim
_NAME = 3  # words of a label that says something
_WORDY = re.compile(r"\w")


class Finding(Struct, frozen=True, order=True):
    """A fault in a note. `line` is 1-based, 0 for the whole note; `kind` is the card's, empty if it is about no card."""

    note: str
    line: int
    code: str
    message: str
    kind: str = ""

    @property
    def rule(self) -> Rule:
        return BY_CODE[self.code]


class ParsedNote(NamedTuple):
    """A note with its drafts and its text."""

    note: Note
    made: Generated
    text: str


def chosen(found: Iterable[Finding], select: Sequence[str] = (), ignore: Sequence[str] = ()) -> list[Finding]:
    """Keep the findings whose code begins with one of `select` (if empty, any) and with none of `ignore`."""
    selected, ignored = tuple(select) or ("C",), tuple(ignore)
    return [finding for finding in found if finding.code.startswith(selected) and not finding.code.startswith(ignored)]


def findings(notes: Sequence[ParsedNote], problems: Iterable[Problem] = (), cards: Iterable[Card] = ()) -> list[Finding]:
    """Find all faults of these notes, by path and line.

    `problems` are those of the run, such as missing files; `cards` are its cards, which may be older than the rules.
    """
    found = [finding for parsed in notes if parsed.note.wanted for finding in _of_note(parsed)]
    found += _same_questions(notes)
    found += [Finding(p.path, p.line, _CODE_OF_PROBLEM[p.code], p.message) for p in problems if p.code in _CODE_OF_PROBLEM]
    found += [finding for card in cards if (finding := _outlived(card.draft))]
    ignored = {
        (parsed.note.path, takeaway.line): _ignored(takeaway)
        for parsed in notes
        for takeaway in parsed.note.takeaways
        if takeaway.comments
    }
    kept = (finding for finding in found if finding.code not in ignored.get((finding.note, finding.line), ()))
    return sorted(dict.fromkeys(kept))


def _ignored(takeaway: Takeaway) -> frozenset[str]:
    """The codes in a takeaway's comment `%% cards-lint: ignore C012 %%`; all codes if it names none."""
    codes: set[str] = set()
    for comment in takeaway.comments:
        if match := _IGNORE.search(comment):
            codes |= set(re.findall(r"C\d{3}", match["codes"].upper())) or BY_CODE.keys()
    return frozenset(codes)


def _of_note(parsed: ParsedNote) -> Iterator[Finding]:
    note, drafts, skipped = parsed.note, parsed.made.born, parsed.made.skipped
    takeaways = {takeaway.line: takeaway for takeaway in reversed(note.takeaways)}
    for draft in drafts:
        place = draft.place
        takeaway = takeaways.get(place.line)
        parent = takeaway is not None and any(takeaway.line < child.place.line <= takeaway.last for child in drafts)
        for code, check in _CARD_CHECKS:
            if code == "C008" and parent:
                continue  # the long answer repeats cards of its children
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
    yield from _lists_too_long(note)
    yield from _headings_without_cards(note, drafts)
    yield from _without_recording(note)


# ---------------------------------------------------------------------------------------------------- checks of cards


class _Check(NamedTuple):
    """A check for drafts of one kind, of any if `kind` is empty. `run` returns a message or None."""

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
    longest = max((deletion.text for deletion in draft.deletions if deletion.ordinal), key=count, default="")
    size = count(longest)
    too_long = cjk(longest) > LONG_GAP_CJK if cjk(longest) else size > LONG_GAP
    return f"the gap “{_short(longest)}” has {size} words" if too_long else None


def _gap_is_open(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    text = plain(draft.text)
    for deletion in draft.deletions:
        open_ = _is_wide(deletion.text) and not _has_term(draft, text, deletion.start, deletion.end)
        if open_ and deletion.ordinal and not draft.typed:
            return f"many words would fit the gap “{_short(deletion.text)}”"
    return None


def _is_wide(gap: str) -> bool:
    """Whether a gap has so many words, articles aside, that it can be said otherwise."""
    if cjk(gap):
        return cjk(gap) >= OPEN_GAP_CJK
    return count(" ".join(word for word in gap.split() if word.casefold() not in vocabulary.ARTICLES)) >= OPEN_GAP


def _has_term(draft: Cloze, text: str, start: int, end: int) -> bool:
    """Whether a gap holds something definite: a figure, a name, a quotation, a list, code, a formula, italics."""
    gap = text[start:end]
    if re.search(r"\d|[\"“”„«»「」『』、]|,\s", gap):
        return True
    if cjk(gap):
        return bool(re.search(r"[A-Za-z]{2}", gap))
    if any(match[0][0].isupper() and start + match.start() > 0 for match in re.finditer(r"[^\W\d_]+", gap)):
        return True
    return any(run.kind is not RunKind.TEXT or Mark.ITALIC in run.marks for run in Ruler(draft.text).cut(start, end))


def _gap_is_given_away(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    text, language = plain(draft.text), _language(draft)
    for ordinal, phrases in _by_ordinal(draft):
        rest = list(text)
        for deletion in draft.deletions:
            if deletion.ordinal == ordinal:
                rest[deletion.start : deletion.end] = " " * (deletion.end - deletion.start)
        phrase = " ".join(phrases)
        if given_by(phrase, "".join(rest), language) or mostly_in(phrase, ("".join(rest), *draft.place.context), language):
            return f"“{_short(phrases[0])}” can be read off the rest of the question"
    return None


def _answer_is_given_away(draft: Qa, takeaway: Takeaway | None) -> str | None:
    answer, language = squeeze(" ".join(map(block_text, draft.back))), _language(draft)
    hidden = content_stems(answer, language)
    if not hidden or _has_objects(draft) or " or " in draft.shown:
        return None
    asked = (draft.shown, *draft.place.context[1:])
    if count(answer) <= SHORT_ANSWER:
        most = mostly_in(answer, asked, language) if count(answer) > ONE_TERM else given_by(answer, " ".join(asked), language)
    else:
        most = draft.label is not None and len(hidden & stems(" ".join(asked), language)) >= RESTATED * len(hidden)
    return f"the answer “{_short(answer)}” can be read off the question" if most else None


def _points_at_nothing(draft: Draft, takeaway: Takeaway | None) -> str | None:
    follows = (
        isinstance(draft, Cloze) and takeaway is not None and not plain(takeaway.text).strip().startswith(plain(draft.text))
    )
    if (draft.label and not follows) or (isinstance(draft, Cloze) and draft.before):
        return None  # the label says what is meant, or the sentence before
    if isinstance(draft, Cloze) and draft.deletions and draft.deletions[0].start == 0:
        return None  # the word is hidden
    above = "what it means stands in the sentence before" if follows else "nothing on the front says to what"
    opening = leans(plain(draft.text) if isinstance(draft, Cloze) else draft.shown)
    return f"begins with “{opening}”, and {above}" if opening else None


def _begins(takeaway: Takeaway, draft: Cloze) -> bool:
    """Whether the sentence of a draft is the first of its takeaway."""
    return visible(takeaway.text).startswith(squeeze(plain(draft.text)))


def _many_gaps(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    size = len({deletion.ordinal for deletion in draft.deletions} - {0})
    return f"one sentence has {size} gaps" if size > MANY_GAPS and not draft.typed else None


def _long_list(draft: Qa, takeaway: Takeaway | None) -> str | None:
    lists = [block for block in draft.back if isinstance(block, Bullets)]
    points = sum(len(block.items) for block in lists)
    words_ = sum(count(visible(paragraph.prose)) for paragraph in paragraphs(lists))
    if points > LONG_LIST:
        return f"the answer is a list of {points} points"
    return f"its {points} points have {words_} words" if points > 1 and words_ > LONG_POINT * points else None


def _long_answer(draft: Qa, takeaway: Takeaway | None) -> str | None:
    size = sum(count(visible(paragraph.prose)) for paragraph in paragraphs(draft.back))
    return f"the answer has {size} words" if size > (GIST_FROM if draft.label else LONG_QUESTION_ANSWER) else None


def _thin_answer(draft: Qa, takeaway: Takeaway | None) -> str | None:
    if draft.label is None or _has_objects(draft):
        return None
    answer = " ".join(map(block_text, draft.back))
    if len(draft.back) == 1 and isinstance(only := draft.back[0], Bullets) and len(only.items) == 1:
        return "one point is all of its answer"
    thin = count(draft.label) >= _NAME and count(answer) < THIN_ANSWER
    return f"the answer “{_short(squeeze(answer))}” says little more than the label" if thin else None


def _vague_front(draft: Qa, takeaway: Takeaway | None) -> str | None:
    """A front that names a topic or a kind of thing (The Role of X), or leans on what stood around it."""
    asked, shown = words(draft.shown), f"“{_short(draft.shown)}”"
    if draft.label is None:
        if takeaway is not None and takeaway.members and " › " not in draft.shown:
            return f"{shown} asks for all that is below it"
        defines = tuple(asked[:2]) in _DEFINING
        short = not (draft.cued or defines or cjk(draft.shown)) and len(asked) <= SHORT_QUESTION
        return f"{shown} is too short to stand alone" if short and draft.shown.rstrip().endswith("?") else None
    label = words(draft.label)
    said = [word for word in label if word not in vocabulary.EMPTY_WORDS]
    if not draft.cued or not said:
        return None
    if draft.shown == draft.label and all(word in vocabulary.GENERAL_WORDS for word in said):
        return f"{shown} names only a kind of thing"
    following = label[label.index(said[0]) + 1 :][:1]
    if said[0] in vocabulary.GENERAL_WORDS and following and following[0] in vocabulary.GENITIVE_WORDS:
        return f"{shown} does not say what about it is asked"
    return f"{shown} names a topic, not what to say of it" if len(label) == _TOPIC and not cjk(draft.label) else None


def _long_sentence(draft: Cloze, takeaway: Takeaway | None) -> str | None:
    size = count(plain(draft.text))
    return f"the sentence has {size} words" if size > LONG_SENTENCE and not draft.typed else None


def _yes_or_no(draft: Qa, takeaway: Takeaway | None) -> str | None:
    if takeaway is None or takeaway.front is None or takeaway.front.origin is not Origin.QUESTION:
        return None
    asked, answered = words(draft.shown), words(" ".join(map(block_text, draft.back)))
    if " or " in draft.shown or not asked or not draft.shown.rstrip(" \"'”»").endswith(("?", "？")):
        return None
    asks = asked[0] in vocabulary.YES_NO_OPENERS and "you" not in asked[1:2]
    answers = bool(vocabulary.YES_NO_WORDS & set(answered[:1])) and asked[0] not in ("why", "how", "what")
    return "can be answered with yes or no" if asks or answers else None


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
    ("C019", _Check("qa", _vague_front)),
    ("C020", _Check("cloze", _gap_is_open)),
    ("C024", _Check("qa", _thin_answer)),
)

# ---------------------------------------------------------------------------------------------------- checks of notes


def _left_over(takeaway: Takeaway) -> str | None:
    """The text around a `**` or `==` without a partner."""
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
            if stamp.start > length + SLACK and _opens_recording(note, stamp.url):
                message = f"{times.show(stamp)} is after the end at {times.clock(length)}"
                yield Finding(note.path, takeaway.line, "C012", message)


def _opens_recording(note: Note, url: str | None) -> bool:
    return url is None or note.recording is None or identity(url) == identity(note.recording)


def _without_cue(note: Note, skipped: Sequence[Skipped]) -> Iterator[Finding]:
    plain_lines = {takeaway.line for takeaway in skipped if takeaway.reason == PLAIN}
    without = (t for t in note.takeaways if t.line in plain_lines and not t.members and t.headings)
    for context, group in groupby(without, key=lambda t: t.context[: max(t.headings) + 1]):
        lines = [takeaway.line for takeaway in group]
        if vocabulary.is_takeaway_heading(context[-1]):
            message = f"{len(lines)} of the takeaways under “{context[-1]}” have no label and no phrase in bold"
            yield Finding(note.path, lines[0], "C009", message)


def _lists_too_long(note: Note) -> Iterator[Finding]:
    for takeaway in note.takeaways:
        if takeaway.members and takeaway.flaw and takeaway.flaw.startswith(LIST_TOO_LONG):
            yield Finding(note.path, takeaway.line, "C021", takeaway.flaw)


def _headings_without_cards(note: Note, drafts: Sequence[Draft]) -> Iterator[Finding]:
    for takeaway in note.takeaways:
        if takeaway.members and not any(takeaway.line <= draft.place.line <= takeaway.last for draft in drafts):
            name = visible(takeaway.front.prose) if takeaway.front else ""
            yield Finding(note.path, takeaway.line, "C022", f"nothing under “{_short(name)}” gives a card")


def _outlived(draft: Draft) -> Finding | None:
    """What a card that lives already is refused for."""
    place = draft.place
    reason = draft.refused
    if not reason and isinstance(draft, Cloze):
        reason = next((f"“{each.text}” {each.refused}" for each in draft.deletions if each.refused), "")
    return Finding(place.note, place.line, "C023", f"would not be made today: {reason}", draft.kind) if reason else None


def _without_recording(note: Note) -> Iterator[Finding]:
    if note.recording or note.file or any(takeaway.stamps or takeaway.inherited for takeaway in note.takeaways):
        return
    false_times = FalseTimes([plain(takeaway.text) for takeaway in note.takeaways])
    dated = [
        takeaway.line
        for takeaway in note.takeaways
        if any(run.stamps for run in times.stamp(takeaway.text, at_start=False, is_other=false_times.is_false_time))
    ]
    if len(dated) >= STRAY_TIMES:
        yield Finding(note.path, dated[0], "C013", f"{len(dated)} takeaways have times, and the note names no recording")


def _same_questions(notes: Sequence[ParsedNote]) -> Iterator[Finding]:
    """Find cards that repeat the question of an earlier card."""
    earlier: dict[tuple[str, ...], Draft] = {}
    for draft in (draft for parsed in notes if parsed.note.wanted for draft in parsed.made.born):
        place = draft.place
        asked = plain(draft.text) if isinstance(draft, Cloze) else draft.shown
        first = earlier.setdefault((draft.kind, *place.context[1:], squeeze(asked).casefold()), draft).place
        same_note = first.note == place.note
        if same_note and first.line == place.line:
            continue  # one takeaway, or the first card itself
        if isinstance(draft, Qa) and not same_note:
            continue  # the titles of the notes distinguish their labels
        where = f"line {first.line}" if same_note else f"{first.note}:{first.line}"
        yield Finding(place.note, place.line, "C006", f"asks the same as {where}: “{_short(asked)}”", draft.kind)


# ---------------------------------------------------------------------------------------------------- words


def _by_ordinal(draft: Cloze) -> Iterator[tuple[int, list[str]]]:
    for ordinal in sorted({deletion.ordinal for deletion in draft.deletions} - {0}):
        yield ordinal, [deletion.text for deletion in draft.deletions if deletion.ordinal == ordinal]


def _language(draft: Draft) -> str:
    return language_of(plain(draft.text) if isinstance(draft, Cloze) else " ".join(map(block_text, draft.back)))


def _has_objects(draft: Qa) -> bool:
    """Whether an answer has more than words: code, a picture, a formula."""
    runs = [run for paragraph in paragraphs(draft.back) for run in paragraph.prose]
    return any(not isinstance(block, Bullets | Paragraph) for block in draft.back) or any(
        run.kind in (RunKind.IMAGE, RunKind.MATH, RunKind.DISPLAY_MATH) for run in runs
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"

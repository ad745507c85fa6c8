"""The bold lead of a takeaway that names it."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec.structs import replace

from cards.model import Mark, Prose, Run, RunKind
from cards.model.prose import cut, plain, squeeze, strip, unstamped
from cards.text.sentences import sentences
from cards.text.words import count, ends_with_colon

MAX_LEAD_WORDS = 15  # a bold lead sentence longer than this is text, not a name

_TIMED = re.compile(r"\s*[(\[][~\d:\s,;–—-]+[)\]]\s*([:：])")
_GLOSS = re.compile(
    r"\s*(?:\([^()\n\v]{1,60}\)|\[[^\[\]\n\v]{1,60}\]|（[^（）\n\v]{1,40}）)(?=\s*[:：—–―→⇒]|\s+(?:-{1,2}|[-=]>)\s)"
)
_BEFORE_LEAD = re.compile(r"(?:[.!?。！？…؟।։][\"'”’»」)\]）]*\s*|[\n\v]\s*)(?:#[^\W\d][\w/-]*\s+)*\Z")
_COLON = re.compile(r"\s*[:：]\s*")
_DASH = re.compile(r"\s*(?:[—–―]|[→⟶⇒➔➜]\ufe0f?)\s*|\s+(?:-{1,2}>?|=>)\s+")
_HYPHENS = re.compile(r"\s*[—–―]\s*|\s+-{1,2}\s+")  # those that may stand in pairs
_TERM = re.compile(r"(?P<term>[^\s:：][^:：\n\v]{0,60}?)\s*[:：]\s+\S")
_NEAR = 120  # characters beside a bold that tell whether it leads
_LEADING = frozenset({Mark.ITALIC, Mark.WIKILINK})
MAX_TERM_WORDS = 5
_ENUMERATOR = re.compile(r"\s*(?:\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|#\d{1,3}(?!\w)|\d\ufe0f?\u20e3)\s*")
_TAG = re.compile(r"(?<!\S)#[^\W\d][\w/-]*(?=\s)")
_DASHES = "—–―-→⟶⇒➔➜=>\ufe0f"
_STOPS = ".!?。！？…؟।։"  # in all scripts
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")
_NAMING = re.compile(r"[\w\"'“‘„«(\[（【「『#@$]")
_CLOSING = re.compile(rf"[{_STOPS}]+(?=\s|\v|$)")
# `unified.1` ends in a footnote; `;` asks in Greek
_ENDS_SENTENCE = re.compile(rf"(?:[{_STOPS}]+[\"'”’»」』)\]）]*|[^\W\d][.!?]\d{{1,2}}|[\u0370-\u03ff\u1f00-\u1fff];)$")
_QUOTATION = re.compile(rf"[\"“„«「『‘](?P<said>[^\"“”„«»「」『』]*)[\"”“»」』’][{_STOPS},]*")


class Lead(NamedTuple):
    """A label, what follows it, and whether it ends in a colon.

    `recent` says that the first version of the rules read it as text, not as a label.
    """

    label: Prose
    rest: Prose
    colon: bool
    recent: bool = False


def lead(
    prose: Prose,
    language: str = "",
    *,
    followed: bool = False,
    answered: bool = False,
    connects: bool = False,
    former: bool = False,
) -> Lead | None:
    """The label of a takeaway, None without one. Stamps stay in the prose they stand in.

    `followed` says that more text of the takeaway follows its first paragraph, `answered` that children or a block do.
    `connects` says that it stands where notes are linked to one another, so that a wikilink is no label. `former` is the label
    that the first version of the rules found: none in italics, code or links, no gloss, no arrow, and no pair of dashes.
    """
    found = _marked_lead(prose, Mark.BOLD)
    if found is None:
        return None if former else _other_lead(prose, connects=connects)
    start, end = found
    bold, rest = strip(cut(prose, start, end)), cut(prose, end)
    named = squeeze(plain(unstamped(bold)[0]))
    if not re.search(r"\w", named):
        return None
    glossed = (bold, rest) if former or ends_with_colon(named) else _with_gloss(bold, rest)
    after = plain(unstamped(glossed[1], opening=False)[0])
    if not after.strip(" \t\n\v.:：。"):  # the bold is all there is
        colon = ends_with_colon(named) or ends_with_colon(after.strip()[:1])
        stamped = any(run.kind is RunKind.STAMP for run in prose)
        bare = _without_colon(glossed[0])
        return Lead(bare, _only_stamps(glossed[1]), colon) if followed or (answered and (colon or stamped)) else None
    if ends_with_colon(named):
        tagged = bool(_TAG.search(f"{plain(cut(prose, 0, start))} "))
        return None if former and tagged else Lead(_without_colon(bold), strip(rest), True, recent=tagged)
    divided = _divided(*glossed, insertions=not former, recent=glossed[0] is not bold)
    if divided and not (former and divided.recent):
        return divided
    return _sentence_lead(bold, rest, named, language)


def _divided(label: Prose, rest: Prose, *, insertions: bool, recent: bool) -> Lead | None:
    """The label that a colon, dash or arrow divides from what follows it."""
    after = plain(unstamped(rest, opening=False)[0])
    bare = _without_colon(label)
    if timed := _TIMED.match(after):  # times of a note without a recording stay text
        at = timed.start(1)
        return Lead(bare, strip((*cut(rest, 0, at), Run(" "), *_after(cut(rest, at), ":："))), True)
    if _COLON.match(after):
        return Lead(bare, _after(rest, ":："), True, recent)
    dash = _DASH.match(after)
    if dash and not (insertions and _opens_insertion(after)):
        return Lead(bare, _after(rest, _DASHES), False, recent or not _HYPHENS.match(dash[0]))
    return None


def _sentence_lead(bold: Prose, rest: Prose, named: str, language: str) -> Lead | None:
    """The label that is a line or a sentence of its own."""
    after = plain(unstamped(rest, opening=False)[0])
    bare = _without_colon(bold)
    if _DASH.match(after):
        return None
    if after.lstrip(" \t")[:1] in ("\n", "\v"):  # it fills the first line
        return Lead(bare, strip(rest), False)
    closing = _CLOSING.match(after)
    if _ENDS_SENTENCE.search(named) or closing:
        one = len(sentences(named, language)) == 1
        if one and count(named) <= MAX_LEAD_WORDS and not _is_quotation(named):
            return Lead(bare, _after(rest, _STOPS if closing else ""), False)
    if re.search(r"\w[:：] ?\S", named) and after[:1].isspace() and after.lstrip()[:1].isupper():
        return Lead(bare, strip(rest), False)  # `**Step 1: The audit** Start by …`: a name, then a sentence of its own
    return None


def term(prose: Prose) -> Lead | None:
    """The term of a definition, `Term: text`, without any markup; None where there is none."""
    match = _TERM.match(plain(prose))
    if match is None or count(match["term"]) > MAX_TERM_WORDS or prose[0].kind is not RunKind.TEXT or prose[0].link:
        return None
    at = match.end("term")
    return Lead(strip(cut(prose, 0, at)), _after(cut(prose, at), ":："), True, True) if len(prose[0].text) > at else None


def leads_in(prose: Prose) -> list[int]:
    """The offsets at which bold leads with a colon begin, after a sentence or at the start of a line."""
    text = plain(prose)
    if ":" not in text and "：" not in text:
        return []
    found: list[int] = []
    at, start = 0, -1
    for run in (*prose, Run("")):
        if Mark.BOLD in run.marks and run.text:
            start = at if start < 0 else start
        elif start >= 0:
            before, after = text[max(0, start - _NEAR) : start], text[at : at + _NEAR]
            if start and _BEFORE_LEAD.search(before) and _names(text[start:at], after):
                found.append(start)
            start = -1
        at += len(run.text)
    return found


def _names(bold: str, after: str) -> bool:
    """Whether a bold names what follows it: a colon ends it or stands behind it, with a gloss between them at most."""
    if not re.search(r"\w", bold) or count(bold) > MAX_LEAD_WORDS:
        return False
    if ends_with_colon(bold.rstrip()):
        return bool(after.strip())
    gloss = _GLOSS.match(after)
    return bool(_COLON.match(after, gloss.end() if gloss else 0))


def _other_lead(prose: Prose, *, connects: bool) -> Lead | None:
    """A lead in italics or code before a colon or dash, or a wikilink before a colon with more than links behind it."""
    if not any(run.marks & _LEADING or run.kind is RunKind.CODE for run in prose[:3]):
        return None
    for mark in (Mark.ITALIC, RunKind.CODE, Mark.WIKILINK):
        if found := _marked_lead(prose, mark):
            break
    else:
        return None
    named, rest = _with_gloss(strip(cut(prose, *found)), cut(prose, found[1]))
    text = squeeze(plain(unstamped(named)[0]))
    after = plain(unstamped(rest, opening=False)[0])
    if not re.search(r"\w", text) or not after.strip(" \t\n\v.:：。"):
        return None
    if ends_with_colon(text) and mark is Mark.ITALIC:
        return Lead(_without_colon(named), strip(rest), True, True)
    if _COLON.match(after):
        only_links = all(run.link or Mark.WIKILINK in run.marks or not re.search(r"\w", run.text) for run in rest)
        return None if mark is Mark.WIKILINK and (connects or only_links) else Lead(named, _after(rest, ":："), True, True)
    if mark is not Mark.WIKILINK and _DASH.match(after) and not _opens_insertion(after):
        return Lead(named, _after(rest, _DASHES), False, True)
    return None


def _with_gloss(bold: Prose, rest: Prose) -> tuple[Prose, Prose]:
    """A label with the gloss in brackets between it and its colon or dash, and what is behind both."""
    text = plain(rest)
    match = _GLOSS.match(text)
    if match is None or any(run.kind is RunKind.STAMP for run in cut(rest, 0, match.end())):
        return bold, rest
    if not re.search(r"[^\W\d_]", match[0]) and ":" in match[0]:
        return bold, rest  # times of a note without a recording
    return (*bold, *cut(rest, 0, match.end())), cut(rest, match.end())


def _opens_insertion(after: str) -> bool:
    """Whether a dash behind a lead opens an insertion that a second one closes: `x - as they say - is y`."""
    first = _HYPHENS.match(after)
    if first is None:
        return False
    sentence = re.split(rf"[{_STOPS}](?:\s|$)|\n|\v", after[first.end() :], maxsplit=1)[0]
    spaced = first[0][:1].isspace()  # `a — b—c` is no pair
    closing = [
        match
        for match in _HYPHENS.finditer(sentence)
        if match[0].strip() == first[0].strip() and match[0][:1].isspace() is spaced
    ]
    return len(closing) == 1 and not sentence[closing[0].end() :][:1].isupper() and count(sentence[closing[0].end() :]) > 1


def _marked_lead(prose: Prose, mark: Mark | RunKind) -> tuple[int, int] | None:
    """The offsets of the bold, italics, code or wikilink that the prose begins with.

    Stamps, numbers, tags and emoji may stand before it.
    """
    at = 0
    start: int | None = None
    for run in prose:
        stop = at + len(run.text)
        if start is None:
            if run.kind is RunKind.STAMP and Mark.BOLD not in run.marks:
                pass
            elif _is_marked(run, mark):
                if run.link:
                    return None
                start = at
            elif not (run.kind is RunKind.TEXT and not run.link and _is_lead_in(run.text)):
                return None
        elif not _is_marked(run, mark):
            return start, at
        at = stop
    return None if start is None else (start, at)


def _is_marked(run: Run, mark: Mark | RunKind) -> bool:
    return mark in run.marks if isinstance(mark, Mark) else run.kind is mark


def _is_lead_in(text: str) -> bool:
    """Whether a text before the bold says nothing by itself: a number, a dash, an emoji, a tag."""
    if "#" not in text and _TWO_LETTERS.search(text):  # no number has them
        return False
    return not _NAMING.search(_ENUMERATOR.sub("", squeeze(_TAG.sub(" ", text)), count=1))


def _is_quotation(text: str) -> bool:
    return bool(_QUOTATION.fullmatch(text))


def _without_colon(bold: Prose) -> Prose:
    """A label without its colon, its stamps kept."""
    text = plain(bold)
    stamps_after = len(text)
    for run in reversed(bold):
        if run.kind is not RunKind.STAMP and run.text.strip(" \t\n\v:："):
            break
        stamps_after -= len(run.text)
    head, tail = cut(bold, 0, stamps_after), cut(bold, stamps_after)
    kept = plain(head).rstrip().rstrip(":：").rstrip()
    return (*cut(head, 0, len(kept)), *_only_stamps(tail))


def _only_stamps(prose: Prose) -> Prose:
    return tuple(run for run in prose if run.kind is RunKind.STAMP)


def _after(rest: Prose, separator: str) -> Prose:
    """The rest of a takeaway without the separator at its start; the stamps among it stay."""
    stamps: list[Run] = []
    for i, run in enumerate(rest):
        if run.kind is RunKind.STAMP:
            stamps.append(run)
            continue
        text = run.text.lstrip(separator + " \t\n\v\u00a0") if run.kind is RunKind.TEXT else run.text
        if text:
            return (*stamps, *strip((replace(run, text=text), *rest[i + 1 :])))
    return tuple(stamps)

"""The bold lead of a takeaway that names it."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec.structs import replace

from cards.model import Mark, Prose, Run, RunKind
from cards.model.prose import cut, plain, squeeze, strip, unstamped
from cards.text.sentences import sentences
from cards.text.words import count

MAX_LEAD_WORDS = 15  # a bold lead sentence longer than this is text, not a name

_TIMED = re.compile(r"\s*[(\[][~\d:\s,;–—-]+[)\]]\s*([:：])")
_COLON = re.compile(r"\s*[:：]\s*")
_DASH = re.compile(r"\s*[—–―]\s*|\s+-{1,2}\s+")
_ENUMERATOR = re.compile(r"\s*(?:\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|#\d{1,3}(?!\w)|\d\ufe0f?\u20e3)\s*")
_STOPS = ".!?。！？…؟।։"  # in all scripts
_NAMING = re.compile(r"[\w\"'“‘„«(\[（【「『#@$]")
_CLOSING = re.compile(rf"[{_STOPS}]+(?=\s|\v|$)")
# `unified.1` ends in a footnote; `;` asks in Greek
_ENDS_SENTENCE = re.compile(rf"(?:[{_STOPS}]+[\"'”’»」』)\]）]*|[^\W\d][.!?]\d{{1,2}}|[\u0370-\u03ff\u1f00-\u1fff];)$")
_QUOTATION = re.compile(rf"[\"“„«「『‘](?P<said>[^\"“”„«»「」『』]*)[\"”“»」』’][{_STOPS},]*")


class Lead(NamedTuple):
    """A label, what follows it, and whether it ends in a colon."""

    label: Prose
    rest: Prose
    colon: bool


def lead(prose: Prose, language: str = "", *, followed: bool = False, parent: bool = False) -> Lead | None:
    """The label of a takeaway, None without one. Stamps stay in the prose they stand in.

    `followed` says that more text of the takeaway follows its first paragraph, `parent` that it has children.
    """
    found = _bold_lead(prose)
    if found is None:
        return None
    start, end = found
    bold, rest = strip(cut(prose, start, end)), cut(prose, end)
    named = squeeze(plain(unstamped(bold)[0]))
    if not re.search(r"\w", named):
        return None
    after = plain(unstamped(rest, opening=False)[0])
    bare = _without_colon(bold)
    colon_inside = named.endswith((":", "："))
    stamped = any(run.kind is RunKind.STAMP for run in prose)

    if not after.strip(" \t\n\v.:：。"):  # the bold is all there is
        colon = colon_inside or after.strip().startswith((":", "："))
        if followed or (parent and (colon or stamped)):
            return Lead(bare, _only_stamps(rest), colon)
        return None
    if colon_inside:
        return Lead(bare, strip(rest), True)
    if timed := _TIMED.match(after):  # times of a note without a recording stay text
        at = timed.start(1)
        return Lead(bare, strip((*cut(rest, 0, at), Run(" "), *_after(cut(rest, at), ":："))), True)
    if _COLON.match(after):
        return Lead(bare, _after(rest, ":："), True)
    if _DASH.match(after):
        return Lead(bare, _after(rest, "—–―-"), False)
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


def _bold_lead(prose: Prose) -> tuple[int, int] | None:
    """The offsets of the bold that the prose begins with; stamps, numbers and emoji may stand before it."""
    at = 0
    start: int | None = None
    for run in prose:
        stop = at + len(run.text)
        if start is None:
            if run.kind is RunKind.STAMP and Mark.BOLD not in run.marks:
                pass
            elif Mark.BOLD in run.marks:
                if run.link and not run.link.startswith("obsidian:"):
                    return None
                start = at
            elif not (run.kind is RunKind.TEXT and not run.link and _is_lead_in(run.text)):
                return None
        elif Mark.BOLD not in run.marks:
            return start, at
        at = stop
    return None if start is None else (start, at)


def _is_lead_in(text: str) -> bool:
    """Whether a text before the bold says nothing by itself: a number, a dash, an emoji."""
    return not _NAMING.search(_ENUMERATOR.sub("", text, count=1))


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

"""Edits that were made in Anki, as edits of the notes.

The text of a field is aligned with the lines of its takeaway, and what changed in the field is changed there. Then the note is
read again: only where it gives the card as it was edited, and every other card as it was, does an edit become part of a patch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cards.anki import render
from cards.anki.field_text import words_of
from cards.generator import Generated
from cards.identity.fingerprint import card_key
from cards.identity.ledger import Ledger
from cards.identity.matching import match_drafts
from cards.model import Card, Draft
from cards.sync.collection import Collection
from cards.sync.plan import NAMES, Plan

_MAPPED = ("front", "back")  # the fields that say what the takeaway says
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # as git splits them, not at U+2028
_GAP = re.compile(r"\{\{c(\d{1,3})::(?:(?!\}\}).)*?(::(?:(?!\}\}|::).)*)?\}\}", re.S)  # its number, and its hint
_LAYOUT = re.compile(r"<(img|br|div|p|ul|ol|li|table|tr|td|th|blockquote|pre|hr|audio|video|anki-mathjax)\b|\[sound:", re.I)
Read = Callable[[str, str], Generated]  # the drafts that a note of this path and text gives


class Edit(Struct, frozen=True, kw_only=True):
    """A field that was edited in Anki: where its takeaway stands, its text `was` and `now`, and why the note can't follow."""

    guid: str
    note: str
    line: int
    field: str
    was: str
    now: str
    reason: str = ""


class Rewritten(NamedTuple):
    """The edits, and the notes as they would be, by path."""

    edits: tuple[Edit, ...]
    notes: dict[str, str]


def edits_of(
    plan: Plan,
    cards: Iterable[Card],
    ledger: Ledger,
    collection: Collection,
    texts: Callable[[str], str],
    read: Read,
) -> Rewritten:
    """The edits that a push would keep in Anki, each tried on its note.

    `ledger` is the one that knows the cards, `texts` gives a note's text by its path.
    """
    known = {card.guid: card for card in cards}
    found: list[Edit] = []
    notes: dict[str, str] = {}
    for step in plan.steps:
        card, there = known.get(step.guid), collection.notes.get(step.guid)
        if card is None or there is None:
            continue
        for name in step.kept:
            theirs = there.fields[NAMES.index(name)]
            place = card.draft.place
            edit = Edit(
                guid=step.guid,
                note=place.note,
                line=place.line,
                field=name,
                was=words_of(card.anki.fields[NAMES.index(name)]),
                now=words_of(theirs),
            )
            text = notes.get(place.note) or texts(place.note)
            refused = _unfit(card.anki.fields[NAMES.index(name)], theirs)
            after, reason = (None, refused) if refused else _tried(edit, card, text, read, ledger, both=name in step.both)
            if after is not None:
                notes[place.note] = after
            found.append(replace(edit, reason=reason))
    return Rewritten(tuple(found), notes)


def _unfit(ours: str, theirs: str) -> str:
    """Why an edit is more than one of its text, empty if it is not."""
    if _GAP.findall(ours) != _GAP.findall(theirs):
        return "its gaps changed"
    if _LAYOUT.findall(ours) != _LAYOUT.findall(theirs):
        return "its layout changed, not only its text"
    return ""


def _tried(edit: Edit, card: Card, text: str, read: Read, ledger: Ledger, *, both: bool) -> tuple[str | None, str]:
    """The note with an edit, and why there is none."""
    if both:
        return None, "the note changed as well"
    if edit.field not in _MAPPED:
        return None, "it is not text of the takeaway"
    if edit.was == edit.now:
        return None, "only its formatting changed"
    before = read(edit.note, text).born
    here = next((draft for draft in before if _is_of(draft, edit, card.kind) and _said(draft, edit.field) == edit.was), None)
    if here is None:
        return None, "the note gives the card otherwise now"
    lines = text.split("\n")
    last = min((draft.place.line for draft in before if draft.place.line > edit.line), default=len(lines) + 1) - 1
    start = sum(len(line) + 1 for line in lines[: edit.line - 1])
    end = start + len("\n".join(lines[edit.line - 1 : last]))
    changed = _changed(text[start:end], edit.was, edit.now)
    if changed is None:
        return None, "it can't be found in the takeaway"
    after = text[:start] + changed + text[end:]
    then = read(edit.note, after).born
    if not _is_what_was_meant(before, then, here, edit) or _guids(before, ledger) != _guids(then, ledger):
        return None, "the note would give another card"
    return after, ""


def _guids(drafts: Sequence[Draft], ledger: Ledger) -> set[str]:
    """The guids that the drafts of one note would have."""
    own = {guid: entry for guid, entry in ledger.items() if drafts and entry.note == drafts[0].place.note}
    found, _ = match_drafts([card_key(draft) for draft in drafts], own, lambda _: True)
    return {match.guid for match in found if match}


def _is_of(draft: Draft, edit: Edit, kind: str) -> bool:
    return draft.kind == kind and draft.place.line == edit.line


def _said(draft: Draft, field: str) -> str:
    return words_of(render.fields(draft, "", "", {})[NAMES.index(field)])


def _changed(source: str, was: str, now: str) -> str | None:
    """Source text with the changes that lead from one plain text to another, None where a change has no place in it.

    The plain text lacks the marks of the source; both are compared word by word, so that a mark inside a changed span is seen.
    """
    tokens, old, new = (_TOKEN.findall(text) for text in (source, was, now))
    at = {}  # the token of the source for each of the old text
    for a, b, size in SequenceMatcher(None, tokens, old, autojunk=False).get_matching_blocks():
        at.update({b + n: a + n for n in range(size)})
    out = list(tokens)
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        given = "".join(new[k:m])
        span = [at.get(n) for n in range(i, j) if old[n].strip()] or [at.get(n) for n in range(i, j)]
        if None in span:
            return None
        places = [place for place in span if place is not None]
        if not places:  # an insertion: behind the word before it, else before the one after
            before, after = at.get(i - 1), at.get(i)
            if before is not None:
                out[before] += given
            elif after is not None:
                out[after] = given + out[after]
            else:
                return None
            continue
        first, end = places[0], places[-1]
        if any(tokens[n].strip() and n not in places for n in range(first, end + 1)):
            return None  # a mark stands between
        out[first : end + 1] = [given, *[""] * (end - first)]
        if not given and first and out[first - 1].isspace() and "\n" not in out[first - 1]:
            out[first - 1] = ""  # no blank is left at the end of what was said
            if end + 1 < len(out) and not out[end + 1].isspace():
                out[first - 1] = tokens[first - 1]
    return "".join(out)


def _is_what_was_meant(before: Sequence[Draft], after: Sequence[Draft], here: Draft, edit: Edit) -> bool:
    """Whether a note gives the card as it was edited, and all cards of other takeaways as they were."""
    edited = [draft for draft in after if draft.kind == here.kind and draft.place.line == edit.line]
    if not any(_said(draft, edit.field) == edit.now for draft in edited):
        return False

    def others(drafts: Sequence[Draft]) -> list[tuple[object, ...]]:
        return [
            (draft.kind, draft.place.line, *(_said(draft, name) for name in ("front", "back", "context")))
            for draft in drafts
            if draft.place.line != edit.line
        ]

    return others(before) == others(after) and len(before) == len(after)


def patch(path: str, before: str, after: str) -> str:
    """A unified diff of a note, as `git apply` takes it in the root of the vault."""
    lines = unified_diff(_LINE.findall(before), _LINE.findall(after), f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

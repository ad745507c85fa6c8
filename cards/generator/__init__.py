"""Takeaways → drafts: a label asks for its takeaway, a key phrase is deleted from its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cards.generator.cloze import clozes_of
from cards.generator.place import content_of, words_of
from cards.generator.qa import qa_of
from cards.model import Draft, Kinds, Note, Qa, Skipped, Takeaway
from cards.model.prose import visible


class Generated(NamedTuple):
    """The drafts of a note in deck order, and the takeaways that gave none, with the reason."""

    drafts: tuple[Draft, ...]
    skipped: tuple[Skipped, ...]


def generate(note: Note, kinds: Kinds = "both") -> Generated:
    """The drafts of a note: its `qa` before its `cloze`, a parent's after its children's."""
    drafts: list[tuple[Takeaway, Draft]] = []
    silent: list[tuple[Takeaway, str]] = []
    gave: set[int] = set()

    for takeaway in note.takeaways:
        if takeaway.members:
            continue
        made, reason = clozes_of(note, takeaway)
        asked = qa_of(note, takeaway)
        drafts += [(takeaway, draft) for draft in _with_content(takeaway, [asked, *made] if asked else made)]
        if asked or made:
            gave.add(takeaway.line)
        elif reason and words_of(takeaway):
            silent.append((takeaway, reason))

    listed: set[int] = set()
    skipped: list[Skipped] = []
    for takeaway in note.takeaways:
        if not takeaway.members or any(line in gave for line in takeaway.members):
            continue
        asked = qa_of(note, takeaway)
        if takeaway.flaw:
            skipped.append(Skipped(note.path, takeaway.line, f"{words_of(takeaway)} (the list)", takeaway.flaw))
        elif asked:
            drafts += [(takeaway, draft) for draft in _with_content(takeaway, [asked])]
            listed.update(takeaway.members)
    parents = [each for each, draft in drafts if isinstance(draft, Qa)]
    for each, reason in silent:
        if each.line in listed:
            continue
        if above := next((p for p in reversed(parents) if p.line < each.line <= p.last), None):
            reason = f"{reason}; it stands on the back of “{visible(above.front.prose) if above.front else ''}”"
        skipped.append(Skipped(note.path, each.line, words_of(each), reason))

    # children end before their parents do; where both end on one line, the deeper comes first
    drafts.sort(key=lambda each: (each[1].kind != "qa", each[0].last, -each[0].depth))
    return Generated(tuple(draft for _, draft in drafts if kinds in ("both", draft.kind)), tuple(skipped))


def _with_content(takeaway: Takeaway, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts of one takeaway, each with the hash of what it shows of it."""
    contents = {kind: content_of(takeaway, children=kind == "qa") for kind in {draft.kind for draft in drafts}}
    return [replace(draft, place=replace(draft.place, content=contents[draft.kind])) for draft in drafts]

"""Messages of `cards push` and `cards undo`: plans and outcomes as text for a terminal, and steps as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cards.commands.terminal import bold, count, done, name, safe, truncate
from cards.pipeline.report import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cards.sync.collection import Collection
    from cards.sync.edits import Edit
    from cards.sync.plan import Plan, Step, What
    from cards.sync.push import Outcome, TakenBack

_MARKS: dict[What, tuple[str, str]] = {
    "add": ("+", "green"),
    "update": ("~", "yellow"),
    "move": (">", "cyan"),
    "return": ("^", "green"),
    "retire": ("-", "red"),
    "delete": ("x", "red"),
    "keep": ("=", "yellow"),
    "away": ("=", "yellow"),
    "foreign": ("!", "red"),
}
_SHORT: dict[What, str] = {"add": "new", "update": "updated", "move": "moved", "return": "back", "retire": "suspended"}
_TOLD: dict[What, str] = {
    "add": "new",
    "update": "updated",
    "move": "moved",
    "return": "back",
    "retire": "suspended: the takeaway is gone",
    "delete": "deleted: the takeaway is gone",
    "away": "left out: you deleted that in Anki",
    "foreign": "left alone: a note of another type has that id",
}


_LOOKS = {
    "add": "+ the note type “{}”",
    "update": "~ the look of the note type “{}”",
    "keep": "= the note type “{}” keeps its look in Anki, which is not the one of this version; --ours delivers that",
}


def plan_lines(plan: Plan, collection: Path) -> list[str]:
    """Format what a push would do: each kind with some of its cards, then what stays as the user has it."""
    lines = [f"Into {safe(name(collection))}:", ""]
    for what, told in _TOLD.items():
        if steps := plan.of(what):
            mark, colour = _MARKS[what]
            lines.append(f"  {bold(mark, colour)} {len(steps):,} {told}")
            lines += [f"      {_step(step)}" for step in steps[:LISTED] if what != "add"]
            lines += [f"      … and {len(steps) - LISTED:,} more"] if len(steps) > LISTED and what != "add" else []
    for look in plan.looks:
        lines.append(f"  {_LOOKS[look.what].format(look.name)}")
    if plan.media:
        lines.append(f"  {bold('+', 'green')} {count(len(plan.media), 'file')} for the cards")
    if kept := [step for step in plan.steps if step.kept and not step.both]:
        lines.append(f"  = {count(len(kept), 'card')} with your edits in Anki, which stay")
        lines += [f"      {_step(step)}" for step in kept[:LISTED]]
    if both := [step for step in plan.steps if step.both]:
        lines.append(f"  {bold('!', 'red')} {count(len(both), 'card')} changed here and in Anki: Anki's text stays")
        lines += [f"      {_text(step)}  ({', '.join(step.both)})" for step in both[:LISTED]]
        lines.append("      --ours delivers the notes' text, --theirs keeps Anki's and asks no more")
    if len(lines) == 2:
        return [f"{done()} Anki has it all already: nothing to push"]
    return [*lines, ""]


def _step(step: Step) -> str:
    told = [*step.changed, *(f"keeps your {field}" for field in step.kept if step.what != "keep")]
    told = told or list(step.kept) or ([f"to {step.deck}"] if step.what == "move" else [])
    return _text(step) + (f"  ({', '.join(told)})" if told else "")


def _text(step: Step) -> str:
    return safe(truncate(step.text, 70))


def pushed_lines(outcome: Outcome) -> list[str]:
    """Format what came of a push."""
    if outcome.amiss:
        found = " ".join(f"ID:{guid}" for guid in outcome.amiss[:LISTED])
        return [f"{bold('!', 'red')} {count(len(outcome.amiss), 'card')} in Anki are not as planned; look at: {found}"]
    if outcome.lacks:
        return [f"{bold('!', 'red')} Anki lacks: {safe(', '.join(outcome.lacks[:LISTED]))}"]
    backup = [f"  The collection before: {click.style(safe(outcome.backup), dim=True)}"] if outcome.backup else []
    return [f"{done()} pushed", *backup, "  To take it back: cards undo"]


def pushed_line(plan: Plan, outcome: Outcome) -> str:
    """Format what a push did in one line, for a watch."""
    done_ = [f"{len(steps):,} {_SHORT[what]}" for what in _SHORT if (steps := plan.of(what))]
    both = sum(bool(step.both) for step in plan.steps)
    told = [*done_, *([f"{both:,} changed here and in Anki"] if both else [])]
    amiss = f"; {count(len(outcome.amiss), 'card')} not as planned" if outcome.amiss else ""
    return f"pushed: {', '.join(told) or 'nothing new'}{amiss}"


def back_lines(back: TakenBack, now: Collection) -> list[str]:
    """Format what an undo would take back, and what stays."""
    from cards.anki.field_text import words_of

    lines = [f"Takes the last push back: {count(back.size, 'card')}"]
    for guid, reason in back.stays[:LISTED]:
        there = now.notes.get(guid)
        text = safe(truncate(words_of(there.fields[0]), 70)) if there else f"ID:{guid}"
        lines.append(f"  = {text} stays: {safe(reason)}")
    if len(back.stays) > LISTED:
        lines.append(f"  … and {len(back.stays) - LISTED:,} more")
    return lines


def edit_line(edit: Edit) -> str:
    """Format an edit for `cards edits`: where, what was and what is, and why the note can't follow."""
    where = click.style(f"{safe(edit.note)}:{edit.line}", dim=True)
    reason = f"\n    not in the patch: {edit.reason}" if edit.reason else ""
    return f"{where}  {edit.field}\n    {bold('-', 'red')} {safe(edit.was)}\n    {bold('+', 'green')} {safe(edit.now)}{reason}"


def edit_json(edit: Edit) -> dict[str, object]:
    """Return an edit as `cards edits --json` prints it."""
    return {
        "id": edit.guid,
        "note": edit.note,
        "line": edit.line,
        "field": edit.field,
        "was": edit.was,
        "now": edit.now,
        "reason": edit.reason or None,
    }


def plan_json(plan: Plan) -> Iterator[dict[str, object]]:
    """Yield the steps of a plan as `cards push --json` prints them; those for note types and files have no id."""
    for look in plan.looks:
        yield {"id": None, "what": "note type", "changed": [look.what], "text": look.name}
    for file in plan.media:
        yield {"id": None, "what": "file", "changed": ["add"], "text": file}
    yield from map(step_json, plan.steps)


def step_json(step: Step) -> dict[str, object]:
    return {
        "id": step.guid,
        "what": step.what,
        "changed": list(step.changed),
        "kept": list(step.kept),
        "both": list(step.both),
        "deck": step.deck or None,
        "text": step.text,
    }

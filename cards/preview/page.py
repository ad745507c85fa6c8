"""The cards of a run as one HTML page: the notes' own text beside them, drawn with what goes to Anki.

The page needs nothing but itself: styles, script, pictures and formulas are in it, and its Content-Security-Policy lets no
other script run and no request out. What notes say gets into it as JSON and as the fields that Anki gets.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import mimetypes
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from cards.anki.note_types import note_types
from cards.lint.checks import Finding, findings
from cards.lint.rules import RULES
from cards.model import Card, Note, Qa, Skipped
from cards.pipeline.report import Result
from cards.preview.mathml import of_field

LARGEST_FILE = 2 * 1024 * 1024  # bytes of a picture or sound that the page takes in
LARGEST_PAGE = 64 * 1024 * 1024  # bytes of all of them

_IMAGE = re.compile(r'(<img class="figure") src="([^"]+)"')
_SOUND = re.compile(r"\[sound:([^\]<>&\"]+)\]")


def page(result: Result, title: str, *, live: bool = False) -> str:
    """The page of a run that kept its notes. `live` is for one that is served and follows the notes."""
    script = _part("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = json.dumps(_data(result, findings(result.notes, result.problems), live), ensure_ascii=False, separators=(",", ":"))
    values = {
        "HASH": digest,
        "CONNECT": "'self'" if live else "'none'",
        "TITLE": html.escape(title),
        "STYLE": _part("page.css"),
        # nothing in JSON ends the element that holds it
        "DATA": data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        "SCRIPT": script,
    }
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], _part("page.html"))


@lru_cache
def _part(name: str) -> str:
    return (files("cards.preview") / "assets" / name).read_text(encoding="utf-8")


def _data(result: Result, found: Sequence[Finding], live: bool) -> dict[str, object]:
    types = note_types()
    numbers = {read.note.path: number for number, read in enumerate(result.notes)}
    of_notes = {path: _OfNote() for path in numbers}
    for number, finding in enumerate(found):
        of_notes.setdefault(finding.note, _OfNote()).findings.append((number, finding))
    for each in result.skipped:
        of_notes.setdefault(each.note, _OfNote()).skipped.append(each)
    cards = []
    for card in result.cards:
        of_note = of_notes[card.draft.place.note]
        of_note.lines.add(card.draft.place.line)
        if isinstance(card.draft, Qa) and card.draft.points and card.draft.label is None:
            of_note.lists.add(card.draft.place.line)
        cards += _cards(card, numbers[card.draft.place.note], of_note)
    counts = Counter(finding.code for finding in found)
    return {
        "live": live,
        "css": types["qa"].css,
        "types": {
            kind: {"front": each.front, "back": each.back, "fields": [name for name, _ in each.fields]}
            for kind, each in types.items()
        },
        "notes": [_note(read.note, read.text, of_notes[read.note.path]) for read in result.notes],
        "cards": cards,
        "findings": [{"code": each.code, "message": each.message, "fix": each.rule.fix} for each in found],
        "rules": [{"code": rule.code, "name": rule.name, "count": counts[rule.code]} for rule in RULES if counts[rule.code]],
        "media": _media(result.media),
    }


@dataclass(slots=True)
class _OfNote:
    """What a run says of one note: lines that have cards, those with a heading's list, findings by number, what gave none."""

    lines: set[int] = field(default_factory=set)
    lists: set[int] = field(default_factory=set)
    findings: list[tuple[int, Finding]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def _cards(card: Card, note: int, of_note: _OfNote) -> list[dict[str, object]]:
    """What Anki shows for one of our cards: one for each ordinal."""
    line, kind = card.draft.place.line, card.draft.kind
    found = [number for number, each in of_note.findings if each.line == line and each.kind in ("", kind)]
    fields = list(map(_field, card.fields))
    return [
        {
            "kind": kind,
            "ordinal": ordinal,
            "note": note,
            "line": line,
            "deck": card.deck,
            "fields": fields,
            "findings": found,
        }
        for ordinal in card.anki.ordinals
    ]


def _field(field: str) -> str:
    """A field for the page: what it embeds is named and not loaded, its formulas are MathML."""
    return of_field(_SOUND.sub(r'<span data-sound="\1"></span>', _IMAGE.sub(r'\1 data-media="\2"', field)))


def _note(note: Note, text: str, of_note: _OfNote) -> dict[str, object]:
    """A note's own text, line by line, with what became of it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = sorted({takeaway.line for takeaway in note.takeaways})
    marks: dict[int, int] = {}
    for takeaway in note.takeaways:
        if takeaway.line not in (of_note.lists if takeaway.members else of_note.lines):
            continue
        after = bisect_right(starts, takeaway.line)
        end = min(takeaway.last + 1, starts[after]) if after < len(starts) else takeaway.last + 1
        for line in takeaway.members or range(takeaway.line, end):
            marks.setdefault(line, takeaway.line)
    skipped: dict[int, list[str]] = {}
    for each in of_note.skipped:
        skipped.setdefault(each.line, []).append(each.reason)
    elsewhere = [finding for _, finding in of_note.findings if finding.line not in of_note.lines]
    found: dict[int, list[str]] = {}
    for finding in elsewhere:
        found.setdefault(max(1, finding.line), []).append(_sentence(finding))
    return {
        "path": note.path,
        "title": note.title,
        "lines": lines,
        "marks": marks,
        "skipped": skipped,
        "findings": found,
        "codes": sorted({each.code for each in elsewhere}),
    }


def _sentence(finding: Finding) -> str:
    return f"{finding.code} {finding.message}. {finding.rule.fix}"


def _media(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Pictures and sounds as `data:` URLs, as many as a page can bear."""
    found: dict[str, str] = {}
    size = 0
    for name, content in contents.items():
        size += len(content)
        if len(content) <= LARGEST_FILE and size <= LARGEST_PAGE:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            found[name] = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return found

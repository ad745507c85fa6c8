"""Render all cards as one HTML page: each note's text beside its cards, with the fields and templates that go to Anki.

The page is self-contained: it embeds styles, script, images and formulas. Its Content-Security-Policy blocks any other
script and every request. Text from notes enters the page only as JSON and as Anki fields.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import mimetypes
import re
from bisect import bisect_right
from collections import Counter, defaultdict
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

LARGEST_FILE = 2 * 1024 * 1024  # bytes of one embedded image or sound file
LARGEST_PAGE = 64 * 1024 * 1024  # bytes of all embedded files

_IMAGE = re.compile(r'(<img class="figure") src="([^"]+)"')
_SOUND = re.compile(r"\[sound:([^\]<>&\"]+)\]")


def page(result: Result, title: str, *, live: bool = False) -> str:
    """Return the page as HTML. `result` must hold its notes. With `live`, the page reloads when the server has a new one."""
    script = _part("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = json.dumps(
        _data(result, findings(result.notes, result.problems, result.cards), live), ensure_ascii=False, separators=(",", ":")
    )
    values = {
        "HASH": digest,
        "CONNECT": "'self'" if live else "'none'",
        "TITLE": html.escape(title),
        "STYLE": _part("page.css"),
        # escaped, so that no text in the JSON ends the script element
        "DATA": data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        "SCRIPT": script,
    }
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], _part("page.html"))


@lru_cache
def _part(name: str) -> str:
    return (files("cards.preview") / "assets" / name).read_text(encoding="utf-8")


def _data(result: Result, findings: Sequence[Finding], live: bool) -> dict[str, object]:
    """Return the data of the page's script, as a JSON value."""
    types = note_types()
    numbers = {parsed.note.path: number for number, parsed in enumerate(result.notes)}
    outcomes: defaultdict[str, _Outcome] = defaultdict(_Outcome)
    for number, finding in enumerate(findings):
        outcomes[finding.note].findings.append((number, finding))
    for skipped in result.skipped:
        outcomes[skipped.note].skipped.append(skipped)
    cards = []
    for number, card in enumerate(result.cards):
        place = card.draft.place
        outcome = outcomes[place.note]
        outcome.lines.add(place.line)
        if isinstance(card.draft, Qa) and card.draft.points and card.draft.label is None:
            outcome.lists.add(place.line)
        cards += _cards(card, number, numbers[place.note], outcome)
    counts = Counter(finding.code for finding in findings)
    return {
        "live": live,
        "css": types["qa"].css,
        "types": {
            kind: {"front": note_type.front, "back": note_type.back, "fields": [name for name, _ in note_type.fields]}
            for kind, note_type in types.items()
        },
        "notes": [_note(parsed.note, parsed.text, outcomes[parsed.note.path]) for parsed in result.notes],
        "cards": cards,
        "findings": [{"code": each.code, "message": each.message, "fix": each.rule.fix} for each in findings],
        "rules": [{"code": rule.code, "name": rule.name, "count": counts[rule.code]} for rule in RULES if counts[rule.code]],
        "media": _media(result.media),
    }


@dataclass(slots=True)
class _Outcome:
    """Outcome of one note: lines with cards, lines of takeaway headings, numbered findings, skipped takeaways."""

    lines: set[int] = field(default_factory=set)
    lists: set[int] = field(default_factory=set)
    findings: list[tuple[int, Finding]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def _cards(card: Card, number: int, note: int, outcome: _Outcome) -> list[dict[str, object]]:
    """Return the Anki cards of a card, one per ordinal. `number` counts the cards, `note` is the index of its note."""
    line, kind = card.draft.place.line, card.draft.kind
    findings = [index for index, each in outcome.findings if each.line == line and each.kind in ("", kind)]
    fields = list(map(_field, card.fields))
    return [
        {
            "card": number,
            "kind": kind,
            "ordinal": ordinal,
            "note": note,
            "line": line,
            "deck": card.deck,
            "fields": fields,
            "findings": findings,
        }
        for ordinal in card.anki.ordinals
    ]


def _field(field: str) -> str:
    """Return a field for the page: media are named instead of loaded, formulas become MathML."""
    return of_field(_SOUND.sub(r'<span data-sound="\1"></span>', _IMAGE.sub(r'\1 data-media="\2"', field)))


def _note(note: Note, text: str, outcome: _Outcome) -> dict[str, object]:
    """Return a note's text, line by line, with the cards, skipped takeaways and findings of each line."""
    skipped: defaultdict[int, list[str]] = defaultdict(list)
    for each in outcome.skipped:
        skipped[each.line].append(each.reason)
    without_card = [finding for _, finding in outcome.findings if finding.line not in outcome.lines]
    findings: defaultdict[int, list[str]] = defaultdict(list)
    for finding in without_card:
        findings[max(1, finding.line)].append(f"{finding.code} {finding.message}. {finding.rule.fix}")
    return {
        "path": note.path,
        "title": note.title,
        "lines": text.replace("\r\n", "\n").replace("\r", "\n").split("\n"),
        "marks": _marks(note, outcome),
        "skipped": skipped,
        "findings": findings,
        "codes": sorted({finding.code for finding in without_card}),
    }


def _marks(note: Note, outcome: _Outcome) -> dict[int, int]:
    """Map each line that belongs to a card to the first line of its takeaway."""
    starts = sorted({takeaway.line for takeaway in note.takeaways})
    marks: dict[int, int] = {}
    for takeaway in note.takeaways:
        if takeaway.line not in (outcome.lists if takeaway.members else outcome.lines):
            continue
        following = bisect_right(starts, takeaway.line)
        end = min([takeaway.last + 1, *starts[following : following + 1]])
        for line in takeaway.members or range(takeaway.line, end):
            marks.setdefault(line, takeaway.line)
    return marks


def _media(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return media files as `data:` URLs, by name, up to the size limits."""
    urls: dict[str, str] = {}
    size = 0
    for name, content in contents.items():
        size += len(content)
        if len(content) <= LARGEST_FILE and size <= LARGEST_PAGE:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            urls[name] = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return urls

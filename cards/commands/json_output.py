"""JSON output of the commands. Keys and their order are documented in `docs/json.md`."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from cards.identity.changes import Change
from cards.identity.ledger import Entry
from cards.lint.checks import Finding
from cards.lint.rules import RULES, Rule
from cards.model import Card, Cloze, Skipped, marked_text
from cards.model.blocks import block_text
from cards.model.prose import plain, squeeze


def card_json(card: Card) -> dict[str, object]:
    """Return a card as `cards list --json` prints it."""
    draft = card.draft
    deletions = draft.deletions if isinstance(draft, Cloze) else ()
    return {
        "id": card.guid,
        "kind": draft.kind,
        "deck": card.deck,
        "note": draft.place.note,
        "line": draft.place.line,
        "context": list(draft.place.context),
        "label": draft.label,
        "text": marked_text(draft),
        "answer": squeeze(" ".join(map(block_text, draft.back))),
        "phrases": [{"ordinal": deletion.ordinal, "text": deletion.text} for deletion in deletions],
        "timestamps": [{"start": stamp.start, "end": stamp.end, "url": stamp.url} for stamp in draft.place.stamps],
        "tags": list(card.tags),
        "source": card.source,
        "byline": list(draft.place.byline),
        "audio": list(card.audio),
        "before": squeeze(plain(draft.before)) or None if isinstance(draft, Cloze) else None,
    }


def skipped_json(skipped: Skipped) -> dict[str, object]:
    """Return a skipped takeaway as `cards list --skipped --json` prints it."""
    return {"note": skipped.note, "line": skipped.line, "text": skipped.text, "reason": skipped.reason}


def change_json(change: Change) -> dict[str, object]:
    """Return a change as `cards diff --json` prints it."""
    entry = change.entry
    return {
        "id": entry.guid,
        "status": change.status,
        "kind": entry.kind,
        "note": entry.note,
        "line": entry.line,
        "deck": entry.deck,
        "from_deck": change.from_deck,
        "reasons": list(change.reasons),
        "emptied": list(change.emptied),
        "anki": change.in_anki(),
    }


def retired_json(entry: Entry, day: str) -> dict[str, object]:
    """Return a retired card, with the day it was retired, as `cards retired --json` prints it."""
    return {
        "id": entry.guid,
        "kind": entry.kind,
        "deck": entry.deck,
        "note": entry.note,
        "line": entry.line,
        "text": entry.ask or entry.text,
        "retired": day,
    }


def finding_json(finding: Finding) -> dict[str, object]:
    """Return a finding as `cards lint --json` prints it."""
    return {
        "note": finding.note,
        "line": finding.line,
        "code": finding.code,
        "name": finding.rule.name,
        "message": finding.message,
        "fix": finding.rule.fix,
    }


def sarif(findings: Iterable[Finding], version: str) -> dict[str, object]:
    """Return findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code-review tools."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "cards", "version": version, "rules": [_sarif_rule(rule) for rule in RULES]}},
                "results": [_sarif_result(finding) for finding in findings],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _sarif_rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.says},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": "warning"},
    }


def _sarif_result(finding: Finding) -> dict[str, object]:
    return {
        "ruleId": finding.code,
        "ruleIndex": [rule.code for rule in RULES].index(finding.code),
        "level": "warning",
        "message": {"text": f"{finding.message}. {finding.rule.fix}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.note), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": max(1, finding.line)},
                }
            }
        ],
    }

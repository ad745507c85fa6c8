"""The result of trial imports: values, and their form as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

from cards.anki.field_text import words_of
from cards.identity.changes import search

# the dialog's other options keep their defaults: newer notes and note types are updated
OPTIONS: Mapping[str, Mapping[str, bool]] = {
    "the dialog's defaults": {"merge_notetypes": False, "with_scheduling": False},
    "merged note types, learning progress": {"merge_notetypes": True, "with_scheduling": True},
}

# kinds of findings, the worst first
KINDS: Mapping[str, str] = {
    "refused": "Anki refuses the deck",
    "reviews lost": "reviews are lost",
    "deleted": "a card is deleted",
    "moved": "a card with reviews becomes a different card",
    "rescheduled": "a card with reviews gets another schedule",
    "renumbered": "a phrase gets another number, and its reviews pass to the phrase that now has the old one",
    "full sync": "a full sync is forced: this computer or AnkiWeb overwrites the other, including reviews stored only there",
    "conflicting": "Anki has the note with another note type, and does not update it",
    "empty cards": "a new card is empty",
    "no card": "a note has no card",
    "missing media": "a file is neither in the deck nor in the collection",
    "second import": "importing the same deck a second time changes something",
    "other note type": "your note type differs from the deck's, so Anki adds the deck's as a second one",
    "emptied": "a gap is gone and its card empty: Tools › Empty Cards removes it; until then the gap may come back",
    "rewritten": "a note with reviews changes its text; the reviews stay",
    "own words": "a field is replaced in a note that changed after its first import: your own words in it are lost",
}
_WARNINGS = frozenset({"other note type", "emptied", "rewritten", "own words"})
_COLUMNS = ("conflicting", "empty cards", "emptied", "missing media", "rewritten", "own words")

_SHOWN = 12  # findings of a kind that are listed
_WORDS = 60  # characters kept of a text


@dataclass(frozen=True, slots=True)
class Finding:
    """An effect of an import. `kind` is one of KINDS; guid and first `words` name the note, if it concerns one.

    `was` and `now` are the text before and after; `now` alone is a detail.
    """

    kind: str
    guid: str = ""
    words: str = ""
    was: str = ""
    now: str = ""

    @property
    def harm(self) -> bool:
        """Whether it is more than a warning."""
        return self.kind not in _WARNINGS


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial import of a deck with one of OPTIONS: numbers of notes by outcome, and findings of both imports."""

    options: str
    new: int = 0
    updated: int = 0
    left_alone: int = 0
    findings: tuple[Finding, ...] = ()

    def count(self, kind: str) -> int:
        """How many findings are of a kind."""
        return sum(finding.kind == kind for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Tried:
    """A deck and its trials, in the order of OPTIONS."""

    package: Path
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The effect of importing decks into the collection `against` (None: an empty one) with a version of Anki."""

    decks: tuple[Tried, ...]
    against: Path | None
    anki: str

    @property
    def harms(self) -> tuple[str, ...]:
        """The kinds of harm, the worst first."""
        harms = {finding.kind for deck in self.decks for trial in deck.trials for finding in trial.findings if finding.harm}
        return tuple(kind for kind in KINDS if kind in harms)

    @property
    def harm(self) -> bool:
        return bool(self.harms)


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else text[: _WORDS - 1] + "…"


def first_words(field: str) -> str:
    """The first words of a field, without markup."""
    return _cut(words_of(field))


def apart(old: str, new: str) -> tuple[str, str]:
    """Excerpts of two notes from shortly before their first difference; with markup if only that differs."""
    pairs = list(zip_longest(old.split("\x1f"), new.split("\x1f"), fillvalue=""))
    was, now = next(pair for pair in [(words_of(a), words_of(b)) for a, b in pairs] + pairs if pair[0] != pair[1])
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(was, now, strict=False)))
    start = was.rfind(" ", 0, max(0, common - 20)) + 1
    lead = "…" if start else ""
    return _cut(lead + was[start:]), _cut(lead + now[start:]) or "nothing"


def lines(verdict: Verdict) -> list[str]:
    """Write a verdict as lines: a table and findings for each deck, then the outcome. Words of decks are not escaped."""
    out: list[str] = []
    for deck in verdict.decks:
        out += [*_table(deck), *_finding_lines(deck), ""]
    into = f"a copy of {verdict.against}" if verdict.against else "an empty collection"
    outcome = f"harm would be done: {', '.join(verdict.harms)}" if verdict.harm else "no harm would be done"
    return [*out, f"{outcome} (each deck imported twice into {into}, Anki {verdict.anki})"]


def _table(deck: Tried) -> Iterator[str]:
    rows = [[str(deck.package), "new", "updated", "left alone", *_COLUMNS, "full sync"]]
    for trial in deck.trials:
        numbers = [trial.new, trial.updated, trial.left_alone, *map(trial.count, _COLUMNS)]
        rows.append([f"  {trial.options}", *(f"{number:,}" for number in numbers), "yes" if trial.count("full sync") else "no"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        yield "  ".join([first.ljust(widths[0]), *map(str.rjust, rest, widths[1:])])


def _finding_lines(deck: Tried) -> Iterator[str]:
    for kind, sentence in KINDS.items():
        by_options = {trial.options: tuple(f for f in trial.findings if f.kind == kind) for trial in deck.trials}
        if same := len(set(by_options.values())) == 1:
            by_options = dict(list(by_options.items())[:1])
        for options, found in by_options.items():
            if found:
                where = "" if same else f" ({options})"
                times = f" ({len(found):,} times)" if len(found) > 1 else ""
                yield f"  {'harm' if found[0].harm else 'warning'}{where}: {sentence}{times}"
                yield from (f"    {line}" for line in map(_line, found[:_SHOWN]) if line)
                if len(found) > _SHOWN:
                    yield f"    and {len(found) - _SHOWN:,} more"


def _line(finding: Finding) -> str:
    guid = search([finding.guid]) if finding.guid else ""
    words = finding.words if finding.words != finding.was else ""
    change = f"“{finding.was}” → “{finding.now}”" if finding.was else finding.now
    return "  ".join(part for part in (guid, words, change) if part)


def as_json(verdict: Verdict) -> dict[str, object]:
    """Convert a verdict to values for JSON."""
    return {
        "harm": verdict.harm,
        "harms": list(verdict.harms),
        "against": str(verdict.against) if verdict.against else None,
        "anki": verdict.anki,
        "decks": [{"path": str(deck.package), "trials": list(map(_trial_json, deck.trials))} for deck in verdict.decks],
    }


def _trial_json(trial: Trial) -> dict[str, object]:
    return {
        **OPTIONS[trial.options],
        "new": trial.new,
        "updated": trial.updated,
        "left_alone": trial.left_alone,
        **{kind.replace(" ", "_"): trial.count(kind) for kind in _COLUMNS},
        "full_sync": bool(trial.count("full sync")),
        "findings": [
            {"kind": f.kind, "harm": f.harm, "id": f.guid, "words": f.words, "was": f.was, "now": f.now} for f in trial.findings
        ],
    }

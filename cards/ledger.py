"""The ledger: the committed memory of every card ever made.

A text file made for git: a header that names the columns, one card a line as a JSON array, sorted by guid, and a line
that ends it. Two people's changes merge line by line (with git's `union` driver even where they touch); a guid that
stands twice after such a merge is read as one card. Damage is an error that names the line, never a new start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from cards.model import CardKind, CardsError

NAME = "ledger.jsonl"
FORMAT = 1
_COLUMNS = "guid kind deck note line key ask text phrases parts mod born retired block".split()
_TYPES = [str, str, str, str, int, str, str, str, list, str, int, int, int, str]
_PHRASES = _COLUMNS.index("phrases")
_TIMES = slice(_COLUMNS.index("mod"), _COLUMNS.index("block"))
_LATEST = 10**11  # seconds since 1970: beyond it a number is damaged
_REQUIRED = 8
_values = attrgetter(*_COLUMNS)
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_END = json.dumps({"end": "ledger"})
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A deletion's text and the ordinal it keeps for life. `gone` says that the card has it no longer."""

    ordinal: int
    text: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What is remembered of one card.

    `key` is a hash of all its words, `ask` and `text` are what likeness is judged by: label and answer, or sentence.
    `parts` are short hashes of what Anki was told, by which a change is seen and named. `mod`, `born` and `retired` are
    seconds since 1970; `retired` is 0 for a card that is in the notes.
    """

    guid: str
    kind: CardKind
    deck: str
    note: str
    line: int
    key: str
    ask: str
    text: str
    phrases: tuple[Phrase, ...] = ()
    parts: str = ""
    mod: int = 0
    born: int = 0
    retired: int = 0
    block: str = ""

    @property
    def live(self) -> bool:
        return not self.retired


Ledger = Mapping[str, Entry]


def dump(entries: Iterable[Entry], root: str = "") -> str:
    """The text of a ledger. `root` is the way from its folder to the notes that it is the memory of."""
    lines = [json.dumps({"cards-ledger": FORMAT, "columns": _COLUMNS, "root": root}, ensure_ascii=False)]
    lines += [_line(entry) for entry in sorted(entries, key=lambda each: each.guid)]
    return "\n".join([*lines, _END]) + "\n"


def _line(entry: Entry) -> str:
    phrases = [[each.ordinal, each.text, 1] if each.gone else [each.ordinal, each.text] for each in entry.phrases]
    values = [*_values(entry)]
    values[_PHRASES] = phrases
    while len(values) > _REQUIRED and not values[-1]:  # what is empty at the end is left out
        values.pop()
    return _dumps(values)


def load(text: str, name: str = NAME) -> dict[str, Entry]:
    """The entries of a ledger by guid. Raises CardsError with the line where the text is damaged."""
    lines = text.removesuffix("\n").split("\n")  # a text may hold other characters that end lines
    if not text:
        raise _damaged(name, 1, "the file is empty")
    _check_header(lines[0], name)
    found: dict[str, Entry] = {}
    ended = False
    parsed = _parsed(lines[1:])
    for number, line in enumerate(lines[1:], 2):
        if parsed and line.startswith("["):
            entry = _entry(parsed[number - 2], name, number)
            found[entry.guid] = _merged(found[entry.guid], entry) if entry.guid in found else entry
            continue
        if line.startswith(_CONFLICT):
            raise _damaged(name, number, "a merge conflict is not resolved")
        if line == _END:
            ended = True
            continue
        if line.startswith('{"cards-ledger"'):  # a merge of two ledgers keeps both headers
            _check_header(line, name)
            continue
        entry = _entry(_loaded(line), name, number)
        found[entry.guid] = _merged(found[entry.guid], entry) if entry.guid in found else entry
    if not ended:
        raise _damaged(name, len(lines), "the last line is missing: the file is cut off")
    return found


def salvage(text: str) -> dict[str, Entry]:
    """What can still be read of a damaged ledger: every line that is whole."""
    found: dict[str, Entry] = {}
    for number, line in enumerate(text.split("\n"), 1):
        with suppress(CardsError):
            entry = _entry(_loaded(line), NAME, number)
            found[entry.guid] = _merged(found[entry.guid], entry) if entry.guid in found else entry
    return found


def root_of(first_line: str) -> str:
    """The way to the notes that a ledger's first line names, empty where it names none."""
    try:
        return str(json.loads(first_line).get("root", ""))
    except (ValueError, AttributeError):
        return ""


def _check_header(line: str, name: str) -> None:
    try:
        header = json.loads(line)
        form = header["cards-ledger"]
    except (ValueError, TypeError, KeyError):
        what = "a merge conflict is not resolved" if line.startswith(_CONFLICT) else "this is no ledger of Cards"
        raise _damaged(name, 1, what) from None
    if form != FORMAT:
        raise CardsError(f"{name}:1: its format {form} is newer than this version of Cards reads ({FORMAT}); update Cards")


def _parsed(lines: list[str]) -> list[Any] | None:
    """The lines as values, parsed all at once, which takes a third of the time; None where one of them is not whole."""
    if not all(line[:1] + line[-1:] in ("[]", "{}") for line in lines):
        return None
    with suppress(ValueError):
        values = json.loads(f"[{','.join(lines)}]")
        return values if len(values) == len(lines) else None
    return None


def _loaded(line: str) -> Any:
    """A line as a value, None where it is none."""
    with suppress(ValueError):
        return json.loads(line)
    return None


def _entry(values: Any, name: str, number: int) -> Entry:
    try:
        if not _REQUIRED <= len(values) <= len(_COLUMNS) or [type(value) for value in values] != _TYPES[: len(values)]:
            raise ValueError
        if len(values) > _PHRASES:
            values[_PHRASES] = tuple([Phrase(p[0], str(p[1]), len(p) > 2) for p in values[_PHRASES]])
        entry = Entry(*values)
        if entry.kind not in ("qa", "cloze") or not entry.guid:
            raise ValueError
        for phrase in entry.phrases:
            if type(phrase.ordinal) is not int or phrase.ordinal < 1:
                raise ValueError
        times = values[_TIMES]
        if times and (min(times) < 0 or max(times) > _LATEST):
            raise ValueError
    except (ValueError, TypeError, IndexError, KeyError):
        raise _damaged(name, number, "this line is damaged") from None
    return entry


def _merged(one: Entry, other: Entry) -> Entry:
    """One card of two lines that a merge left: the newer wins, and no ordinal is forgotten.

    Two different ones of one time, as of a takeaway that was written on two machines, are a third: Anki may know either.
    """
    newer, older = sorted((one, other), key=lambda each: (each.mod, -each.retired, _line(each)), reverse=True)
    known = {each.ordinal for each in newer.phrases}
    lost = tuple(replace(each, gone=True) for each in older.phrases if each.ordinal not in known)
    differ = newer.mod == older.mod and newer.parts != older.parts and "" not in (newer.parts, older.parts)
    return replace(newer, mod=newer.mod + differ, phrases=tuple(sorted((*newer.phrases, *lost), key=lambda each: each.ordinal)))


def _damaged(name: str, line: int, what: str) -> CardsError:
    return CardsError(
        f"{name}:{line}: {what}; restore the ledger from git or a backup, or rebuild it with `cards recover` from your decks"
    )

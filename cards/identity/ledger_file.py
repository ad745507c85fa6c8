"""The ledger: the committed memory of every card ever made.

A text file made for git: a header that names the columns, one card a line as a JSON array that ends with a checksum,
sorted by guid, and a line that ends it. Two people's changes merge line by line (with git's `union` driver even where
they touch); a guid that stands twice after such a merge is read as one card. Damage is an error that names the line, never
a new start: one letter that is another would give a gap a new number, and cost it its history.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter
from typing import Any

from cards.identity.ledger import Entry, Phrase, with_gone
from cards.model import CardsError

NAME = "ledger.jsonl"
FORMAT = 2  # 1 had no checksums
_COLUMNS = "guid kind deck note line key ask text phrases parts mod born retired block".split()
_TYPES = [str, str, str, str, int, str, str, str, list, str, int, int, int, str]
_PHRASES = _COLUMNS.index("phrases")
_TIMES = slice(_COLUMNS.index("mod"), _COLUMNS.index("block"))
_LATEST = 10**11  # seconds since 1970: beyond it a number is damaged
_REQUIRED = 8
_SUM = ',"#'  # what a checksum begins with; no column does
_SUM_LENGTH = len(',"#abcd"]')
_HEADER = '{"cards-ledger"'
_values = attrgetter(*_COLUMNS)
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_END = json.dumps({"end": "ledger"})
_GUID = re.compile("[a-z2-7]+")  # base32: it stands in Anki's searches, and in a field
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def dump(entries: Iterable[Entry], root: str = "") -> str:
    """The text of a ledger. `root` is the way from its folder to the notes that it is the memory of."""
    lines = [json.dumps({"cards-ledger": FORMAT, "columns": [*_COLUMNS, "#"], "root": root}, ensure_ascii=False)]
    lines += [_line(entry) for entry in sorted(entries, key=lambda each: each.guid)]
    return "\n".join([*lines, _END]) + "\n"


def _line(entry: Entry) -> str:
    phrases = [[each.ordinal, each.text, 1] if each.gone else [each.ordinal, each.text] for each in entry.phrases]
    values = [*_values(entry)]
    values[_PHRASES] = phrases
    while len(values) > _REQUIRED and not values[-1]:  # what is empty at the end is left out
        values.pop()
    return _summed(_dumps(values)[:-1])


def _summed(start: str) -> str:
    """A line whose values are given: with its checksum, the low 24 bits of their CRC-32 in base64."""
    low = zlib.crc32(start.encode()).to_bytes(4, "big")[1:]
    return f'{start}{_SUM}{base64.b64encode(low).decode()}"]'


def load(text: str, name: str = NAME) -> dict[str, Entry]:
    """The entries of a ledger by guid. Raises CardsError with the line where the text is damaged."""
    lines = text.removesuffix("\n").split("\n")  # a text may hold other characters that end lines
    if not text:
        raise _damaged(name, 1, "the file is empty")
    headers = [number for number, line in enumerate(lines, 1) if number == 1 or line.startswith(_HEADER)]
    oldest = min(_format(lines[number - 1], name, number) for number in headers)  # a merge of two ledgers keeps both headers
    found: dict[str, Entry] = {}
    ended = False
    parsed = _parsed(lines[1:])
    for number, line in enumerate(lines[1:], 2):
        if line.startswith(_CONFLICT):
            raise _damaged(name, number, "a merge conflict is not resolved")
        if line == _END:
            ended = True
        elif not line.startswith(_HEADER):
            try:
                _add(found, _entry(line, parsed[number - 2] if parsed else json.loads(line), oldest))
            except (ValueError, RecursionError):
                raise _damaged(name, number, "this line is damaged, or was edited by hand") from None
    if not ended:
        raise _damaged(name, len(lines), "the last line is missing: the file is cut off")
    return found


def salvage(text: str) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """The cards that can still be read of a damaged ledger: those of lines that are whole, and of lines that are altered."""
    whole: dict[str, Entry] = {}
    altered: dict[str, Entry] = {}
    lines = text.split("\n")
    form = FORMAT if any(map(_has_sum, lines)) else 1
    for line in lines:
        with suppress(ValueError, RecursionError):
            values = json.loads(line)
            try:
                _add(whole, _entry(line, values, form))
            except ValueError:
                if isinstance(values, list):
                    _add(altered, _card(values[:-1]))
    return whole, altered


def root_of(first_line: str) -> str:
    """The way to the notes that a ledger's first line names, empty where it names none."""
    try:
        return str(json.loads(first_line).get("root", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""


def _format(line: str, name: str, number: int) -> int:
    """The format that a header names. Raises CardsError for what is none, or newer than this version."""
    try:
        header = json.loads(line)
        form = header["cards-ledger"]
    except (ValueError, TypeError, KeyError, RecursionError):
        what = "a merge conflict is not resolved" if line.startswith(_CONFLICT) else "this is no ledger of Cards"
        raise _damaged(name, number, what) from None
    if type(form) is not int or form < 1:
        raise _damaged(name, number, "this is no ledger of Cards")
    if form > FORMAT:
        raise CardsError(
            f"{name}:{number}: its format {form} is newer than this version of Cards reads ({FORMAT}); update Cards"
        )
    return form


def _parsed(lines: list[str]) -> list[Any] | None:
    """The lines as values, parsed all at once, which takes a third of the time; None where one of them is not whole."""
    if not all(line[:1] + line[-1:] in ("[]", "{}") for line in lines):
        return None
    with suppress(ValueError, RecursionError):
        values = json.loads(f"[{','.join(lines)}]")
        return values if len(values) == len(lines) else None
    return None


def _add(found: dict[str, Entry], entry: Entry) -> None:
    found[entry.guid] = _merged(found[entry.guid], entry) if entry.guid in found else entry


def _entry(line: str, values: Any, form: int) -> Entry:
    """The card of a line, and its values, in a ledger of a format. Raises ValueError where it is not what was written."""
    if not isinstance(values, list):
        raise ValueError
    if "\\u" in line:
        _dumps(values).encode()  # half a character, as JSON can write it, is no text
    if form == 1 and not _has_sum(line):
        return _card(values)
    if line != _summed(line[:-_SUM_LENGTH]):
        raise ValueError
    return _card(values[:-1])


def _has_sum(line: str) -> bool:
    return line.startswith(_SUM, len(line) - _SUM_LENGTH)


def is_sound(entry: Entry) -> bool:
    """Whether an entry can stand in a ledger."""
    with suppress(ValueError):
        return _card(json.loads(_line(entry))[:-1]) == entry
    return False


def _card(values: list[Any]) -> Entry:
    """The card of the values of a line, without its checksum. Raises ValueError where they can't be those of a card."""
    if not _REQUIRED <= len(values) <= len(_COLUMNS) or [type(value) for value in values] != _TYPES[: len(values)]:
        raise ValueError
    with suppress(TypeError, IndexError, KeyError):
        if len(values) > _PHRASES:
            values[_PHRASES] = tuple([Phrase(each[0], each[1], len(each) > 2) for each in values[_PHRASES]])
        entry = Entry(*values)
        times = values[_TIMES]
        if (
            entry.kind in ("qa", "cloze")
            and _GUID.fullmatch(entry.guid)
            and all(type(each.ordinal) is int and each.ordinal > 0 and type(each.text) is str for each in entry.phrases)
            and (not times or 0 <= min(times) <= max(times) <= _LATEST)
        ):
            return entry
    raise ValueError


def _merged(one: Entry, other: Entry) -> Entry:
    """One card of two lines that a merge left: the newer wins, no ordinal is forgotten, and none has two phrases.

    Two different ones of one time, as of a takeaway that was written on two machines, are a third: Anki may know either.
    """
    newer, older = sorted((one, other), key=lambda each: (each.mod, -each.retired, _line(each)), reverse=True)
    before = {each.ordinal: each.text for each in older.phrases}
    apart = {each.ordinal for each in newer.phrases if _is_other(before.get(each.ordinal, ""), each.text)}
    phrases = [Phrase(each.ordinal, "", gone=True) if each.ordinal in apart else each for each in newer.phrases]
    differ = newer.mod == older.mod and newer.parts != older.parts and "" not in (newer.parts, older.parts)
    return replace(newer, mod=newer.mod + differ, phrases=with_gone(phrases, older.phrases))


def _is_other(before: str, text: str) -> bool:
    """Whether two machines gave one ordinal to different phrases: reviews of the one must not become those of the other."""
    from cards.identity.similarity import PHRASE, phrase_likeness

    return bool(before and text) and before != text and phrase_likeness(before, text) < PHRASE


def _damaged(name: str, line: int, what: str) -> CardsError:
    return CardsError(
        f"{name}:{line}: {what}; restore the ledger from git or a backup, or rebuild it with `cards recover` from your decks"
    )

"""The ledger as a file, made for git.

A header names the columns; then follow the entries, sorted by guid, each a line with a JSON array that ends with a checksum;
a last line marks the end. Changes by two people merge line by line, adjacent ones with git's `union` driver; a guid on two
lines is read as one card. Damage raises an error that names the line, because a single flipped character could renumber a
deletion and orphan its reviews.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from operator import attrgetter

from msgspec import DecodeError, ValidationError, convert
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from cards.identity.ledger import Entry, Phrase, with_gone
from cards.model import CardsError

NAME = "ledger.jsonl"
FORMAT = 3  # 1 had no checksums, 2 no content and origin
_COLUMNS = Entry.__struct_fields__
_PHRASES = _COLUMNS.index("phrases")
_REQUIRED = 8  # columns in every line; later ones are left out if they and all after them are empty
_SUM = ',"#'  # the start of a checksum, which no column shares
_SUM_LENGTH = len(',"#abcd"]')
_HEADER = '{"cards-ledger"'
_END = json.dumps({"end": "ledger"})
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_DAMAGE = (DecodeError, ValueError, RecursionError)

_values = attrgetter(*_COLUMNS)
_encode = Encoder().encode
_entries = Decoder(list[Entry], strict=False).decode  # a phrase that is gone ends with a 1


def dump(entries: Iterable[Entry], root: str = "") -> str:
    """Write entries as the text of a ledger. `root` is the path from the ledger's folder to the vault."""
    lines = [json.dumps({"cards-ledger": FORMAT, "columns": [*_COLUMNS, "#"], "root": root}, ensure_ascii=False)]
    lines += [_line(entry) for entry in sorted(entries, key=lambda entry: entry.guid)]
    return "\n".join([*lines, _END]) + "\n"


def _line(entry: Entry) -> str:
    values = [*_values(entry)]
    values[_PHRASES] = [[phrase.ordinal, phrase.text, *[1] * phrase.gone] for phrase in entry.phrases]
    while len(values) > _REQUIRED and not values[-1]:
        values.pop()
    return _with_sum(_encode(values)[:-1].decode())


def _with_sum(start: str) -> str:
    """Close a line with its checksum: the low 24 bits of the CRC-32 of its start, in base64."""
    low = zlib.crc32(start.encode()).to_bytes(4, "big")[1:]
    return f'{start}{_SUM}{base64.b64encode(low).decode()}"]'


def load(text: str, name: str = NAME) -> dict[str, Entry]:
    """Read the entries of a ledger, by guid. Raises CardsError, with the line, if the text is damaged."""
    if not text:
        raise _damaged(name, 1, "the file is empty")
    lines = text.removesuffix("\n").split("\n")  # not splitlines: a text may hold U+2028
    headers = [number for number, line in enumerate(lines, 1) if number == 1 or line.startswith(_HEADER)]
    oldest = min(_format(lines[number - 1], name, number) for number in headers)  # a merge of two ledgers keeps both headers
    cards = [(number, line) for number, line in enumerate(lines, 1) if number not in headers and line != _END]
    try:
        entries = _entries(f"[{','.join([_without_sum(line, oldest) for _, line in cards])}]")
        if len(entries) != len(cards):
            raise ValueError
    except _DAMAGE:
        raise _first_damage(name, cards, oldest) from None
    if _END not in lines:
        raise _damaged(name, len(lines), "the last line is missing: the file is cut off")
    return _by_guid(entries)


def _first_damage(name: str, cards: Iterable[tuple[int, str]], form: int) -> CardsError:
    """The error of the first line that can't be read."""
    for number, line in cards:
        if line.startswith(_CONFLICT):
            return _damaged(name, number, "a merge conflict is not resolved")
        try:
            _entry(line, form)
        except _DAMAGE:
            return _damaged(name, number, "this line is damaged, or was edited by hand")
    raise AssertionError("no line is damaged")


def salvage(text: str) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Read what is left of a damaged ledger: the entries of intact lines, and those of lines with a wrong checksum."""
    intact: list[Entry] = []
    altered: list[Entry] = []
    lines = text.split("\n")
    form = FORMAT if any(map(_has_sum, lines)) else 1
    for line in lines:
        try:
            intact.append(_entry(line, form))
        except _DAMAGE:
            # a slice of an object raises TypeError, and since Python 3.12 KeyError
            with suppress(*_DAMAGE, TypeError, KeyError, ValidationError):
                altered.append(convert(json.loads(line)[:-1], Entry, strict=False))
    return _by_guid(intact), _by_guid(altered)


def root_of(first_line: str) -> str:
    """The path to the vault in a ledger's first line, empty if there is none."""
    try:
        return str(json.loads(first_line).get("root", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""


def is_sound(entry: Entry) -> bool:
    """Whether an entry survives being written and read."""
    with suppress(*_DAMAGE):
        return _entry(_line(entry), FORMAT) == entry
    return False


def _format(line: str, name: str, number: int) -> int:
    """The format in a header. Raises CardsError if the line is no header, or its format is newer than FORMAT."""
    try:
        header = json.loads(line)
        form = header["cards-ledger"]
    except (ValueError, TypeError, KeyError, RecursionError):
        reason = "a merge conflict is not resolved" if line.startswith(_CONFLICT) else "this is not a ledger of Cards"
        raise _damaged(name, number, reason) from None
    if type(form) is not int or form < 1:
        raise _damaged(name, number, "this is not a ledger of Cards")
    if form > FORMAT:
        raise CardsError(
            f"{name}:{number}: its format {form} is newer than this version of Cards reads ({FORMAT}); update Cards"
        )
    return form


def _entry(line: str, form: int) -> Entry:
    """Read the entry of one line. Raises one of _DAMAGE if the line was altered."""
    (entry,) = _entries(f"[{_without_sum(line, form)}]")
    return entry


def _without_sum(line: str, form: int) -> str:
    """Strip a line of its checksum, which only format 1 may lack. Raises ValueError if it is wrong."""
    if form == 1 and not _has_sum(line):
        return line
    start = line[:-_SUM_LENGTH]
    if line != _with_sum(start):
        raise ValueError("the checksum is wrong")
    return f"{start}]"


def _has_sum(line: str) -> bool:
    return line.startswith(_SUM, len(line) - _SUM_LENGTH)


def _by_guid(entries: Iterable[Entry]) -> dict[str, Entry]:
    merged: dict[str, Entry] = {}
    for entry in entries:
        merged[entry.guid] = _merged(merged[entry.guid], entry) if entry.guid in merged else entry
    return merged


def _merged(first: Entry, second: Entry) -> Entry:
    """Merge two lines of one guid: the newer wins, all ordinals are kept, and an ordinal with two phrases is retired.

    If both lines have the same `mod` but differ (edited on two machines), the result gets a newer `mod`, because Anki may
    hold either.
    """
    newer, older = sorted((first, second), key=lambda entry: (entry.mod, -entry.retired, _line(entry)), reverse=True)
    before: dict[int, list[str]] = {}
    for phrase in older.phrases:
        before.setdefault(phrase.ordinal, []).append(phrase.text)
    clashes = {phrase.ordinal for phrase in newer.phrases if _is_other(before.get(phrase.ordinal, ()), phrase.text)}
    phrases = [Phrase(phrase.ordinal, "", gone=True) if phrase.ordinal in clashes else phrase for phrase in newer.phrases]
    differ = newer.mod == older.mod and _differ(newer, older)
    return replace(newer, mod=newer.mod + differ, phrases=with_gone(phrases, older.phrases))


def _differ(one: Entry, other: Entry) -> bool:
    """Whether two lines of a card are of different contents; lines of older formats know only what they delivered."""
    contents = (one.content.removeprefix("="), other.content.removeprefix("="))  # of whichever reading
    for before, after in (contents, (one.parts, other.parts)):
        if before and after:
            return before != after
    return False


def _is_other(before: Sequence[str], text: str) -> bool:
    """Whether two machines gave one ordinal to different phrases, whose reviews must not be mixed."""
    from cards.identity.similarity import PHRASE, phrase_score  # costly, and most ledgers hold no guid twice

    known = [each for each in before if each]
    return bool(known and text) and text not in known and all(phrase_score(each, text) < PHRASE for each in known)


def _damaged(name: str, line: int, reason: str) -> CardsError:
    return CardsError(
        f"{name}:{line}: {reason}; restore the ledger from git or a backup, or rebuild it with `cards recover` from your decks"
    )

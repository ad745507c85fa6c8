"""`cards.toml` as a file: its keys, and the errors that name line and key.

`cards.schema.json` says the same to editors; `scripts/schema.py` writes it from the types here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert, field

from cards.model import CardsError, Kinds

NAME = "cards.toml"

Text = Annotated[str, Meta(pattern=r"^[^\x00]+$")]  # names a path: it is not empty, and no system takes a NUL
Texts = tuple[str, ...]


class LintTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which findings of `cards lint` are shown: codes, or their beginnings."""

    select: Annotated[Texts, Meta(description="Show only these findings.")] = ()
    ignore: Annotated[Texts, Meta(description="Show none of these findings.")] = ()


class FolderTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings for the notes below one folder."""

    deck: Annotated[str | None, Meta(description="The deck of notes that name none.")] = None
    kinds: Annotated[Kinds | None, Meta(description="Which kinds of cards to make.")] = None


class CardsToml(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"):
    """The settings of a vault for Cards. Everything is optional."""

    notes: Annotated[tuple[Text, ...], Meta(min_length=1, description="Files and folders to read. [all]")] = (".",)
    out: Annotated[Text, Meta(description="The folder of the decks.")] = "decks"
    include: Annotated[Texts, Meta(description="Globs over paths from the root; a note has to match one.")] = ()
    exclude: Annotated[Texts, Meta(description="Globs over paths from the root; no note may match one.")] = ()
    deck: Annotated[str | None, Meta(description="The deck of notes that name none; else their folder.")] = None
    kinds: Annotated[Kinds, Meta(description="Which kinds of cards to make.")] = "both"
    twins: Annotated[bool, Meta(description="Also make the cloze that says all of its label's answer.")] = False
    tags: Annotated[Texts, Meta(description="Tags of every card.")] = ()
    vault: Annotated[str | None, Meta(description="The vault's name in Obsidian, for links back.")] = None
    sections: Annotated[Texts, Meta(description="Read only under headings that match one of these.")] = ()
    only_tagged: Annotated[Texts, Meta(description="Make cards only of notes and takeaways with one of these tags.")] = ()
    takeaway_headings: Annotated[Texts, Meta(description="More headings whose short lists are cards.")] = ()
    skipped_headings: Annotated[Texts, Meta(description="More headings of sections without takeaways.")] = ()
    cue: Annotated[str | None, Meta(description="The cue under a label, in every language; empty for none.")] = None
    bare_labels: Annotated[Texts, Meta(description="More labels that say nothing alone.")] = ()
    clips: Annotated[bool, Meta(description="Cut sound clips where the recording is at hand.")] = True
    lint: LintTable = LintTable()
    recordings: Annotated[dict[str, str], Meta(description="Links at a second, by host: {url}, {seconds}, {end}, {hms}.")] = (
        field(default_factory=dict)
    )
    folders: Annotated[dict[str, FolderTable], Meta(description="Settings for the notes below a folder.")] = field(
        default_factory=dict
    )


_EXPECTED = {"array": "a list of texts", "str": "a text", "bool": "true or false", "object": "a table"}
_AT = re.compile(r" - at `\$\.(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_KINDS = "one of qa, cloze, both"


def read(file: Path) -> CardsToml:
    """The settings in a file. Raises CardsError with the line of what is wrong, and the nearest key for an unknown one."""
    import tomllib

    try:
        text = file.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise CardsError(f"{file}: can't be read: {error}") from None
    try:
        found = convert(table, CardsToml)
    except ValidationError as error:
        path, problem = _problem(str(error), table)
        raise CardsError(f"{_place(file, text, path.rpartition('.')[2])}: {problem}") from None
    from cards.lint.rules import check_codes  # most vaults have no file
    from cards.timestamps import providers

    for key in ("select", "ignore"):
        check_codes(getattr(found.lint, key), f"{_place(file, text, key)}: lint.{key}")
    for host, template in found.recordings.items():
        if not providers.is_template(template):
            raise CardsError(
                f"{_place(file, text, host)}: recordings.{host} must be a link made of {{url}}, {{seconds}}, {{end}}, {{hms}}"
            )
    return found


def _problem(error: str, table: dict[str, Any]) -> tuple[str, str]:
    """The path of the key that an error is about, and a sentence on it."""
    match = _AT.search(error)
    path = re.sub(r"\[\d+\]", "", match["path"]) if match else ""
    if path.startswith("folders[...]"):
        path = path.replace("folders[...]", f"folders.{_wrong_folder(table['folders'])}", 1)
    if unknown := _UNKNOWN.search(error):
        key = unknown["key"]
        keys = {"": CardsToml, "lint": LintTable}.get(path, FolderTable).__struct_encode_fields__
        prefix = f"{path}." if path else ""
        import difflib

        near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
        hint = f"did you mean {prefix}{near[0]}?" if near else f"known keys are {', '.join(keys)}"
        return f"{prefix}{key}", f"unknown key {prefix}{key}; {hint}"
    path = path.replace("[...]", "")
    if "length" in error or "regex" in error:
        return path, f"{path} must name a path"
    if value := re.search(r"enum value (.+?)(?: - at|$)", error):
        return path, f"{path} must be {_KINDS}, not {value[1]}"
    expected = re.search(r"Expected `(\w+)", error)
    in_list = match is not None and match["path"].endswith("]") and "recordings" not in path
    return path, f"{path} must be {_EXPECTED['array' if in_list else expected[1] if expected else 'str']}"


def _wrong_folder(folders: dict[str, Any]) -> str:
    """The name of the first folder whose table is wrong, which the error does not say."""
    for name, table in folders.items():
        try:
            convert(table, FolderTable)
        except ValidationError:
            return name
    raise AssertionError("one of them is wrong")


def _place(file: Path, text: str, key: str) -> str:
    """The file, with the line that a key stands on."""
    found = re.search(rf"^[ \t]*(?:\[[^\]\n]*)?[\"']?{re.escape(key)}(?!\w)", text, re.M)
    return f"{file}:{text.count(chr(10), 0, found.start()) + 1}" if found else str(file)

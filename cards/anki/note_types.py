"""The two note types, as the files in `templates/` have them. Their ids are frozen."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from cards.model import CardKind


@dataclass(frozen=True, slots=True)
class NoteType:
    """One of the frozen note types: its fixed ids, fields and templates."""

    id: int
    name: str
    fields: tuple[tuple[str, int], ...]
    template: tuple[str, int]
    front: str
    back: str
    css: str
    mod: int


@lru_cache(maxsize=1)
def note_types() -> Mapping[CardKind, NoteType]:
    """The note types as the files beside this module say."""
    folder = files("cards.anki") / "templates"

    def read(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    given = tomllib.loads(read("notetypes.toml"))
    css = read("style.css")

    def note_type(kind: str) -> NoteType:
        one = given[kind]
        template = one["template"]
        return NoteType(
            one["id"],
            one["name"],
            tuple((field["name"], field["id"]) for field in one["fields"]),
            (template["name"], template["id"]),
            read(template["front"]).strip(),
            read(template["back"]).strip(),
            css,
            given["mod"],
        )

    return {"qa": note_type("qa"), "cloze": note_type("cloze")}

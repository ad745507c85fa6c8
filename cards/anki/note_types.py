"""The two note types, read from `templates/`. Their ids never change."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from cards.model import CardKind


@dataclass(frozen=True, slots=True)
class NoteType:
    """A note type. `fields` and `template` are names with their ids, `mod` is seconds since 1970."""

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
    """Read the note types, once."""
    folder = files("cards.anki") / "templates"

    def read(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    settings = tomllib.loads(read("notetypes.toml"))

    def note_type(kind: str) -> NoteType:
        values = settings[kind]
        template = values["template"]
        return NoteType(
            id=values["id"],
            name=values["name"],
            fields=tuple((field["name"], field["id"]) for field in values["fields"]),
            template=(template["name"], template["id"]),
            front=read(template["front"]).strip(),
            back=read(template["back"]).strip(),
            css=read("style.css"),
            mod=settings["mod"],
        )

    return {"qa": note_type("qa"), "cloze": note_type("cloze")}

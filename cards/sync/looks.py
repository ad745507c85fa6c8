"""What a push does with the look of our note types. Pure.

The look is compared three ways, as a field is: one that the user changed in Anki stays, unless the user says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from cards.anki.note_types import NoteType, note_types
from cards.model import CardKind, CardsError
from cards.sync.collection import Collection, Look

Both = Literal["keep", "ours", "theirs"]  # what becomes of what was changed on both sides


class LookStep(Struct, frozen=True, kw_only=True):
    """What a push does with a note type: it comes with the notes (`add`), gets our look, or keeps the user's own."""

    kind: CardKind
    what: Literal["add", "update", "keep"]

    @property
    def name(self) -> str:
        """The note type's name in Anki."""
        return note_types()[self.kind].name


def check_types(collection: Collection) -> None:
    """Raise CardsError where note types in Anki have other fields or templates: an import would add second ones."""
    for kind, there in collection.types.items():
        ours = note_types()[kind]
        names = tuple(name for name, _ in ours.fields)
        for what, has, needs in (("fields", there.fields, names), ("card templates", there.templates, (ours.template[0],))):
            if has != needs:
                raise CardsError(
                    f"the note type “{ours.name}” in Anki has the {what} {', '.join(has)}; a push needs {', '.join(needs)}. "
                    "Mend that in Anki (Tools › Manage Note Types), then push again"
                )


def look_of(note_type: NoteType) -> Look:
    """The look that this version of Cards gives a note type."""
    return Look(note_type.front, note_type.back, note_type.css)


def plan_looks(
    kinds: set[CardKind], collection: Collection, delivered: Mapping[CardKind, str], both: Both
) -> tuple[tuple[LookStep, ...], Mapping[CardKind, str]]:
    """The steps for the note types of these kinds, and the digests of the looks that count as delivered after them.

    `delivered` are the digests of those that this collection got before.
    """
    known = dict(delivered)
    return tuple(_steps(kinds, collection, known, both)), known


def _steps(kinds: set[CardKind], collection: Collection, known: dict[CardKind, str], both: Both) -> Iterator[LookStep]:
    for kind in sorted(kinds):
        ours, there = look_of(note_types()[kind]), collection.types.get(kind)
        last = known.get(kind)
        if there is None:
            yield LookStep(kind=kind, what="add")
        elif there.look != ours and (there.look.digest == last or (both == "ours" and last != ours.digest)):
            yield LookStep(kind=kind, what="update")
        elif there.look != ours and last != ours.digest and both == "keep":
            yield LookStep(kind=kind, what="keep")
            continue
        known[kind] = ours.digest

"""What an applier is asked, whichever it is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, json, to_builtins

from cards.addon import apply
from cards.anki.note_types import note_types
from cards.model import CardKind, CardsError
from cards.sync.collection import Collection, Look, NoteInAnki


class NothingDoneError(CardsError):
    """A push that was refused before anything was done."""


class Request(Struct, frozen=True, kw_only=True):
    """What an applier is asked: to read, or to carry out a push that was planned for a `version` of the collection.

    `guids` are those of all our cards, `media` the names of their files, `package` holds the notes to import, `looks` are what
    note types get, `moves` are ids of cards by deck, `suspend` and `resume` ids of cards, `tag`, `untag` and `delete` ids of
    notes.
    """

    collection: str
    guids: tuple[str, ...]
    media: tuple[str, ...] = ()
    version: int = 0
    package: str = ""
    looks: Mapping[CardKind, Look] = {}
    moves: tuple[tuple[str, tuple[int, ...]], ...] = ()
    suspend: tuple[int, ...] = ()
    resume: tuple[int, ...] = ()
    tag: tuple[int, ...] = ()
    untag: tuple[int, ...] = ()
    delete: tuple[int, ...] = ()
    tag_name: str = ""

    @property
    def acts(self) -> bool:
        """Whether it changes anything."""
        return apply.acts(to_builtins(self))


class Answer(Struct, frozen=True, kw_only=True):
    """What an applier answers: the collection as it is now and its backup, or why not, and whether it did anything."""

    collection: Collection | None = None
    backup: str = ""
    error: str = ""
    touched: bool = False
    stale: bool = False


def encoded(request: Request) -> bytes:
    """A request as the appliers read it that run where Anki's library is."""
    types = {str(each.id): kind for kind, each in note_types().items()}
    return json.encode({**to_builtins(request), "types": types})


decoded = json.Decoder(Answer).decode
Ask = Callable[[Request], Answer]


def by_deck(moves: Iterable[tuple[str, tuple[int, ...]]]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Moves as one list of cards for each deck."""
    found: dict[str, tuple[int, ...]] = {}
    for deck, cards in moves:
        found[deck] = found.get(deck, ()) + cards
    return tuple(found.items())


def ids(notes: Mapping[str, NoteInAnki], guids: Iterable[str]) -> tuple[int, ...]:
    """The ids in Anki of notes."""
    return tuple(notes[guid].id for guid in guids if guid in notes)

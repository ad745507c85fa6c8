"""A push into an Anki that is open, by the add-on AnkiConnect.

AnkiConnect can't set guids, forgets what could be undone when it writes a field, and loses what it writes into a note that
stands in the browser's editor. So notes come by one import, which is the last step and stays in Edit › Undo; only moves, tags
and suspensions are its own actions, and no push runs while one of its notes is open in the browser.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener
from urllib.request import Request as HttpRequest

from msgspec import MsgspecError, json
from msgspec.structs import replace

from cards.anki.field_text import gaps_in
from cards.anki.note_types import note_types
from cards.model import CardKind, CardsError
from cards.sync.collection import SUSPENDED, CardInAnki, Collection, Look, NoteInAnki, TypeInAnki
from cards.sync.memory import home
from cards.sync.request import Answer, NothingDoneError, Request

PORT = "ANKICONNECT_PORT"  # environment variable for another port than the add-on's own
KEY = "ANKICONNECT_KEY"  # environment variable for the key that the add-on may ask for
_PORT = "8765"
_VERSION = 6
_CHUNK = 1000  # notes or cards in one request
_PATIENCE = 300  # seconds for an answer: an import of many notes takes its time
_NEEDED = frozenset(
    "addTags areSuspended cardsModTime changeDeck deleteNotes exportPackage findCards findNotes getDecks "
    "getMediaDirPath guiDeckBrowser guiReviewActive guiSelectedNotes importPackage modelFieldNames modelNames modelStyling "
    "modelTemplates notesInfo removeTags suspend unsuspend updateModelStyling updateModelTemplates".split()
)


def is_there() -> bool:
    """Whether an Anki with AnkiConnect answers on this machine. Raises CardsError where it does not let us in."""
    try:
        answer = _call("requestPermission", patience=2)  # the only action that asks for no key
    except CardsError:
        return False
    if isinstance(answer, dict) and answer.get("permission") == "denied":
        raise CardsError("AnkiConnect denies access; allow it in the add-on's config, close Anki, or use cards anki-addon")
    return isinstance(answer, dict) and answer.get("permission") == "granted"


def collection() -> Path:
    """The collection that the open Anki has. Raises CardsError where it has none, or asks for a key."""
    missing = _NEEDED - set(_call("apiReflect", scopes=["actions"], actions=None)["actions"])
    if missing:
        raise CardsError(f"AnkiConnect is too old: it can't do {', '.join(sorted(missing))}; update it, or close Anki")
    return Path(_call("getMediaDirPath")).with_suffix(".anki2")


def ask(request: Request) -> Answer:
    """Have the open Anki read or change its collection. Raises CardsError where it could not."""
    now = _read(request.media)
    if not request.acts:
        return Answer(collection=now)
    if now.version != request.version:
        return Answer(collection=now, stale=True)
    _refuse_editor(request, now)
    backup = _back_up(now)
    _apply(request)
    after = _read(request.media)
    if request.package and after.notes == now.notes:  # an editor may have saved its stale copy over it
        _call("importPackage", path=request.package)
        after = _read(request.media)
    if not _call("guiReviewActive"):
        _call("guiDeckBrowser")
    return Answer(collection=after, backup=backup)


def _apply(request: Request) -> None:
    for kind, look in request.looks.items():
        name, (template, _) = note_types()[kind].name, note_types()[kind].template
        sides = {"Front": look.front, "Back": look.back}
        _call("updateModelTemplates", model={"name": name, "templates": {template: sides}})
        _call("updateModelStyling", model={"name": name, "css": look.css})
    for deck, cards in request.moves:
        if _call("findCards", query=f'deck:"{deck}" deck:filtered'):
            raise CardsError(f"“{deck}” is a filtered deck in Anki; rename it there, or name another in the notes")
        _call("changeDeck", cards=cards, deck=deck)
    if request.suspend:
        _call("suspend", cards=request.suspend)
    if request.resume:
        _call("unsuspend", cards=request.resume)
    if request.tag:
        _call("addTags", notes=request.tag, tags=request.tag_name)
    if request.untag:
        _call("removeTags", notes=request.untag, tags=request.tag_name)
    if request.delete:
        if _call("guiReviewActive"):
            raise CardsError("a review is under way in Anki; end it, then push again")
        _call("deleteNotes", notes=request.delete)
    if request.package:
        _call("importPackage", path=request.package)


def _refuse_editor(request: Request, now: Collection) -> None:
    """Raise CardsError while one of the notes stands in the browser's editor, which would write its copy over ours."""
    ours = {note.id for note in now.notes.values()}
    if request.package and ours & set(_call("guiSelectedNotes")):
        raise NothingDoneError(
            "one of these notes is open in Anki's browser, whose editor would undo the push; close the browser"
        )


def _back_up(now: Collection) -> str:
    """Export our decks with their schedule, the only backup that AnkiConnect can make; the folder they are in."""
    tops = sorted({card.deck.partition("::")[0] for note in now.notes.values() for card in note.cards})
    if not tops:
        return ""
    folder = home() / "backups" / time.strftime("%Y-%m-%d-%H.%M.%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CardsError(f"{folder}: can't be created: {error.strerror}") from None
    for number, deck in enumerate(tops, 1):
        _call("exportPackage", deck=deck, path=str(folder / f"{number}.apkg"), includeSched=True)
    return str(folder)


# ------------------------------------------------------------------------------------------------------------ reading


def _read(media: Iterable[str]) -> Collection:
    types: dict[str, CardKind] = {note_type.name: kind for kind, note_type in note_types().items()}
    there = set(_call("modelNames")) & types.keys()
    ids: list[int] = _call("findNotes", query=" or ".join(f'note:"{name}"' for name in sorted(there))) if there else []
    rows = [row for part in _parts(ids) for row in _call("notesInfo", notes=part) if row]
    cards = [card for row in rows for card in row["cards"]]
    decks = {card: deck for part in _parts(cards) for deck, some in _call("getDecks", cards=part).items() for card in some}
    off = {card for part in _parts(cards) for card, each in zip(part, _call("areSuspended", cards=part), strict=True) if each}
    times = {each["cardId"]: each["mod"] for part in _parts(cards) for each in _call("cardsModTime", cards=part) if each}
    ours = "(" + " or ".join(f'note:"{name}"' for name in sorted(there)) + ")"
    filtered = set(_call("findCards", query=f"{ours} deck:filtered")) if there else set()
    reviewed = set(_call("findCards", query=f"{ours} prop:reps>0")) if there else set()
    notes: dict[str, NoteInAnki] = {}
    for row in rows:
        fields = tuple(each["value"] for each in sorted(row["fields"].values(), key=lambda each: each["order"]))
        kind = types[row["modelName"]]
        ordinals: Sequence[int] = sorted(gaps_in(fields[0])) if kind == "cloze" else (1,)
        found = tuple(
            CardInAnki(
                id=card,
                ordinal=ordinal,
                deck=decks.get(card, ""),
                filtered=card in filtered,
                queue=SUSPENDED if card in off else 0,
                reviews=int(card in reviewed),
                mod=times.get(card, 0),
            )
            for card, ordinal in zip(sorted(row["cards"]), [*ordinals, *[0] * len(row["cards"])], strict=False)
        )
        guid = row["fields"]["ID"]["value"] if "ID" in row["fields"] else ""
        notes[guid] = NoteInAnki(
            row["noteId"], guid, kind, row.get("mod") or int(time.time()), fields, tuple(row["tags"]), found
        )
    found_types = {types[name]: _type(name) for name in there}
    folder = Path(_call("getMediaDirPath"))
    files = frozenset(name for name in media if (folder / name).is_file())
    return Collection(version=_version(notes, found_types), notes=notes, types=found_types, media=files)


def _type(name: str) -> TypeInAnki:
    """A note type of ours. Its look is that of the first card template."""
    templates = _call("modelTemplates", modelName=name)
    first = next(iter(templates.values()))
    look = Look(first["Front"], first["Back"], _call("modelStyling", modelName=name)["css"])
    return TypeInAnki(tuple(_call("modelFieldNames", modelName=name)), tuple(templates), look)


def _version(notes: dict[str, NoteInAnki], types: dict[CardKind, TypeInAnki]) -> int:
    """A number that changes with the notes and their types: AnkiConnect does not tell when the collection changed."""
    told = json.encode([*(replace(note, mod=0) for note in notes.values()), sorted(types.items())])
    return int.from_bytes(hashlib.sha256(told).digest()[:6], "big")


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    return (values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK))


# ------------------------------------------------------------------------------------------------------------ calling


def _call(action: str, *, patience: float = _PATIENCE, **params: Any) -> Any:
    """Call an action. Raises CardsError with what AnkiConnect says."""
    body: dict[str, Any] = {
        "action": action,
        "version": _VERSION,
        "params": {name: _plain(each) for name, each in params.items()},
    }
    if key := os.environ.get(KEY):
        body["key"] = key
    port = os.environ.get(PORT) or _PORT
    request = HttpRequest(f"http://127.0.0.1:{port}", json.encode(body), {"Content-Type": "application/json"})
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=patience) as response:
            answer = json.decode(response.read())
        error, result = answer["error"], answer["result"]
    except (OSError, HTTPException, MsgspecError, KeyError, TypeError):
        raise CardsError(f"AnkiConnect does not answer on port {port}; is Anki still open?") from None
    if error is None:
        return result
    if "api key" in str(error):
        raise CardsError(f"AnkiConnect asks for its key; put it into the environment variable {KEY}")
    if "collection is not available" in str(error):
        raise CardsError("Anki is open without a profile; choose one there, then push again")
    raise CardsError(f"AnkiConnect: {action}: {error}")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else value

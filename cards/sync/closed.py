"""A push into a collection that no Anki has open, by Anki's own library, in a process of its own.

The process is separate since another `open` of the file, even to read it, would drop Anki's lock on it where locks belong to
processes (POSIX). What it is asked and what it answers are files, as the library may print.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import json

from cards.anki.note_types import note_types
from cards.model import CardsError
from cards.sync.collection import CardInAnki, Collection, NoteInAnki
from cards.sync.request import Answer, NothingDoneError, Request

_CHUNK = 500  # guids in one query
_UNDO = "Cards: push"


def ask(request: Request) -> Answer:
    """Have a process of its own read or change a collection. Raises CardsError where it could not."""
    if find_spec("anki") is None:
        raise CardsError("push needs Anki's library: pip install 'takeaway-cards[anki]'")
    if not Path(request.collection).is_file():  # the library would create an empty one
        raise CardsError(f"{request.collection}: no such collection")
    with TemporaryDirectory(prefix="cards-") as folder:
        asked, answered = Path(folder, "request"), Path(folder, "answer")
        asked.write_bytes(json.encode(request))
        ran = subprocess.run(
            [sys.executable, "-m", "cards.sync.closed", str(asked), str(answered)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if not answered.is_file():
            last = (ran.stderr.strip().splitlines() or ["it was ended"])[-1]
            raise CardsError(
                f"{request.collection}: the push broke off ({last}); what it had done stays, and a new push goes on"
            )
        answer = json.decode(answered.read_bytes(), type=Answer)
    if answer.error:
        raise (CardsError if answer.touched else NothingDoneError)(f"{request.collection}: {answer.error}")
    return answer


# -------------------------------------------------------------------------------------------------- in that process


def main(asked: str, answered: str) -> None:
    request = json.decode(Path(asked).read_bytes(), type=Request)
    Path(answered).write_bytes(json.encode(_answer(request)))


def _answer(request: Request) -> Answer:
    errors = import_module("anki.errors")
    touched = False
    try:
        with _opened(request.collection) as opened:
            if not request.acts:
                return Answer(collection=_read(opened, request.guids))
            if opened.mod != request.version:
                return Answer(collection=_read(opened, request.guids), stale=True)
            if deck := next((deck for deck, _ in request.moves if _is_filtered(opened, deck)), None):
                return Answer(error=f"“{deck}” is a filtered deck in Anki; rename it there, or name another in the notes")
            backup = _back_up(opened, Path(request.collection).parent / "backups")
            touched = True
            _apply(opened, request)
            return Answer(collection=_read(opened, request.guids), backup=backup)
    except errors.DBError as error:
        return Answer(error=_said(error), touched=touched)
    except (errors.AnkiException, OSError) as error:
        return Answer(error=f"Anki refuses: {error}", touched=touched)


def _said(error: Exception) -> str:
    if "already open" in str(error).lower():
        return "Anki has it open; close Anki and push again"
    return f"Anki can't open it ({error}); open it in Anki once"


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    with closing(import_module("anki.collection").Collection(path)) as opened:
        yield opened


def _is_filtered(opened: Any, deck: str) -> bool:
    did = opened.decks.id_for_name(deck)
    return did is not None and bool(opened.decks.is_filtered(did))


def _read(opened: Any, guids: Sequence[str]) -> Collection:
    types = {note_type.id: kind for kind, note_type in note_types().items()}
    ids = ",".join(map(str, types))
    rows = opened.db.all
    decks = {did: name.replace("\x1f", "::") for did, name in rows("select id, name from decks")}
    filtered = {each.id for each in opened.decks.all_names_and_ids() if opened.decks.is_filtered(each.id)}
    cards: dict[int, list[CardInAnki]] = {}
    query = (
        f"select c.id, nid, c.ord, did, odid, queue, reps, c.mod from cards c join notes n on n.id = nid where n.mid in ({ids})"
    )
    for cid, nid, number, did, home, queue, reps, mod in rows(query):
        card = CardInAnki(cid, number + 1, decks.get(home or did, ""), did in filtered, queue, reps, mod)
        cards.setdefault(nid, []).append(card)
    notes = {
        guid: NoteInAnki(
            nid, guid, types[mid], mod, tuple(fields.split("\x1f")), tuple(tags.split()), tuple(cards.get(nid, ()))
        )
        for nid, guid, mid, mod, fields, tags in rows(f"select id, guid, mid, mod, flds, tags from notes where mid in ({ids})")
    }
    fields: dict[int, list[str]] = {}
    for mid, name in rows(f"select ntid, name from fields where ntid in ({ids}) order by ntid, ord"):
        fields.setdefault(mid, []).append(name)
    foreign = [
        guid
        for at in range(0, len(guids), _CHUNK)
        for (guid,) in rows(
            f"select guid from notes where mid not in ({ids}) and guid in ({','.join('?' * len(guids[at : at + _CHUNK]))})",
            *guids[at : at + _CHUNK],
        )
    ]
    return Collection(
        version=opened.mod,
        notes=notes,
        types={types[mid]: tuple(names) for mid, names in fields.items()},
        foreign=frozenset(foreign),
    )


def _back_up(opened: Any, folder: Path) -> str:
    """Make the backup that Anki itself would, beside its others; the path of the newest."""
    folder.mkdir(exist_ok=True)
    opened.create_backup(backup_folder=str(folder), force=True, wait_for_completion=True)
    found = sorted(folder.glob("backup-*.colpkg"), key=lambda path: path.stat().st_mtime_ns)
    return str(found[-1]) if found else ""


def _apply(opened: Any, request: Request) -> None:
    """Carry out a push as one step that Anki can undo: an import first, then what no package can do."""
    undo = opened.add_custom_undo_entry(_UNDO)
    if request.package:
        anki = import_module("anki.collection")
        switches = anki.ImportAnkiPackageOptions(merge_notetypes=False, with_scheduling=False)
        opened.import_anki_package(anki.ImportAnkiPackageRequest(package_path=request.package, options=switches))
    for deck, cards in request.moves:
        opened.set_deck(list(cards), opened.decks.id(deck))
    if request.suspend:
        opened.sched.suspend_cards(list(request.suspend))
    if request.resume:
        opened.sched.unsuspend_cards(list(request.resume))
    if request.tag:
        opened.tags.bulk_add(list(request.tag), request.tag_name)
    if request.untag:
        opened.tags.bulk_remove(list(request.untag), request.tag_name)
    if request.delete:
        opened.remove_notes(list(request.delete))
    opened.merge_undo_entries(undo)


if __name__ == "__main__":
    main(*sys.argv[1:])

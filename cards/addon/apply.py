"""What a push reads and does in a collection that Anki's own library holds open.

It runs in a process of ours, for a collection that no Anki has open, and inside Anki, whose add-on carries a copy of this file.
So it needs nothing but the standard library and the collection that it is given, and deals in plain values, as JSON has them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

UNDO = "Cards: push"  # as Anki shows it under Edit › Undo
_CHUNK = 500  # guids in one query
_OF_NOTE = 1  # the type of a note's grave
_ACTS = ("package", "looks", "moves", "suspend", "resume", "tag", "untag", "delete")

Asked = Mapping[str, Any]


def acts(asked: Asked) -> bool:
    """Whether a request changes anything."""
    return any(asked[name] for name in _ACTS)


def refusal(opened: Any, asked: Asked) -> dict[str, Any] | None:
    """The answer to a push that can't be carried out: it was planned for another state, or would harm the collection."""
    if opened.mod != asked["version"]:
        return {"collection": read(opened, asked), "stale": True}
    if deck := next((deck for deck, _ in asked["moves"] if _is_filtered(opened, deck)), None):
        return {"error": f"“{deck}” is a filtered deck in Anki; rename it there, or name another in the notes"}
    return None


def back_up(opened: Any, folder: str) -> str:
    """Make the backup that Anki itself would, beside its others; the path of the newest."""
    os.makedirs(folder, exist_ok=True)
    opened.create_backup(backup_folder=folder, force=True, wait_for_completion=True)
    found = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".colpkg")]
    return max(found, key=lambda path: os.stat(path).st_mtime_ns, default="")


def _is_filtered(opened: Any, deck: str) -> bool:
    did = opened.decks.id_for_name(deck)
    return did is not None and bool(opened.decks.is_filtered(did))


# ------------------------------------------------------------------------------------------------------------ reading


def read(opened: Any, asked: Asked) -> dict[str, Any]:
    """The state of a collection, as far as a push needs it: the value `Collection`, as JSON has it."""
    types = {int(mid): kind for mid, kind in asked["types"].items()}
    ids = ",".join(map(str, types))
    guids = asked["guids"]
    foreign = [
        guid
        for at in range(0, len(guids), _CHUNK)
        for (guid,) in opened.db.all(
            f"select guid from notes where mid not in ({ids}) and guid in ({','.join('?' * len(guids[at : at + _CHUNK]))})",
            *guids[at : at + _CHUNK],
        )
    ]
    media = opened.media.dir()
    return {
        "version": opened.mod,
        "notes": _notes(opened, types, ids),
        "types": {kind: _type(found) for mid, kind in types.items() if (found := opened.models.get(mid))},
        "foreign": foreign,
        "deleted": opened.db.list(f"select oid from graves where type = {_OF_NOTE}"),
        "media": [name for name in asked["media"] if os.path.isfile(os.path.join(media, name))],
    }


def _notes(opened: Any, types: Mapping[int, str], ids: str) -> dict[str, Sequence[Any]]:
    rows = opened.db.all
    decks = {did: name.replace("\x1f", "::") for did, name in rows("select id, name from decks")}
    filtered = {each.id for each in opened.decks.all_names_and_ids() if opened.decks.is_filtered(each.id)}
    cards: dict[int, list[Sequence[Any]]] = {}
    query = (
        f"select c.id, nid, c.ord, did, odid, queue, reps, c.mod from cards c join notes n on n.id = nid where n.mid in ({ids})"
    )
    for cid, nid, number, did, home, queue, reps, mod in rows(query):
        card = (cid, number + 1, decks.get(home or did, ""), did in filtered, queue, reps, mod)
        cards.setdefault(nid, []).append(card)
    found = rows(f"select id, guid, mid, mod, flds, tags from notes where mid in ({ids})")
    return {
        guid: (nid, guid, types[mid], mod, fields.split("\x1f"), tags.split(), cards.get(nid, ()))
        for nid, guid, mid, mod, fields, tags in found
    }


def _type(found: Mapping[str, Any]) -> Sequence[Any]:
    first = found["tmpls"][0]
    fields, templates = ([each["name"] for each in found[name]] for name in ("flds", "tmpls"))
    return fields, templates, (first["qfmt"], first["afmt"], found["css"])


# ------------------------------------------------------------------------------------------------------------ changing


def change(opened: Any, asked: Asked) -> Any:
    """Carry out a push as one step that Anki can undo; what changed, as Anki tells its windows.

    An import comes first, then what no package can do. Interrupted, it takes back what it had done.
    """
    undo = opened.add_custom_undo_entry(UNDO)
    try:
        _change(opened, asked)
    except KeyboardInterrupt:
        opened.merge_undo_entries(undo)
        opened.undo()
        raise
    return opened.merge_undo_entries(undo)


def _change(opened: Any, asked: Asked) -> None:
    if asked["package"]:
        anki = import_module("anki.collection")
        switches = anki.ImportAnkiPackageOptions(merge_notetypes=False, with_scheduling=False)
        opened.import_anki_package(anki.ImportAnkiPackageRequest(package_path=asked["package"], options=switches))
    kinds = {kind: int(mid) for mid, kind in asked["types"].items()}
    for kind, (front, back, css) in asked["looks"].items():
        found = opened.models.get(kinds[kind])
        found["tmpls"][0].update(qfmt=front, afmt=back)
        opened.models.update_dict({**found, "css": css})
    for deck, cards in asked["moves"]:
        opened.set_deck(list(cards), opened.decks.id(deck))
    if asked["suspend"]:
        opened.sched.suspend_cards(list(asked["suspend"]))
    if asked["resume"]:
        opened.sched.unsuspend_cards(list(asked["resume"]))
    if asked["tag"]:
        opened.tags.bulk_add(list(asked["tag"]), asked["tag_name"])
    if asked["untag"]:
        opened.tags.bulk_remove(list(asked["untag"]), asked["tag_name"])
    if asked["delete"]:
        opened.remove_notes(list(asked["delete"]))

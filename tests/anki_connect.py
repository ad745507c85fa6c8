# ruff: noqa: N802, N803 (the names are AnkiConnect's)
"""The actions of AnkiConnect that a push uses, served from a collection of the real library: a desktop without a screen."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.anki_run import import_deck


class AnkiConnect:
    """An open Anki. `selected` are notes in its browser, `reviewing` says that a review is under way, `key` is asked for."""

    def __init__(self, opened: Any) -> None:
        self.col = opened
        self.selected: list[int] = []
        self.reviewing = False
        self.key = ""
        self.permission = "granted"
        self.dies_at = ""  # the action at which Anki is killed
        self.without: set[str] = set()
        self.broken: set[str] = set()  # actions that say yes and do nothing, as an editor can make them
        self.calls: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if asked["action"] == outer.dies_at:
                    return  # no answer
                body = json.dumps(outer.answer(asked)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        action = asked["action"]
        self.calls.append(action)
        if self.key and asked.get("key") != self.key and action != "requestPermission":
            return {"result": None, "error": "valid api key must be provided"}
        if action in self.broken:
            self.broken.discard(action)
            return {"result": True, "error": None}
        try:
            return {"result": getattr(self, action)(**asked["params"]), "error": None}
        except Exception as error:
            return {"result": None, "error": str(error)}

    # ------------------------------------------------------------------------------------------------------- actions

    def requestPermission(self) -> dict[str, Any]:
        return {"permission": self.permission, "requireApikey": bool(self.key), "version": 6}

    def apiReflect(self, scopes: list[str], actions: None) -> dict[str, Any]:
        return {
            "scopes": scopes,
            "actions": [name for name in dir(self) if not name.startswith("_") and name not in self.without],
        }

    def getMediaDirPath(self) -> str:
        return str(Path(self.col.path).with_suffix(".media"))

    def modelNames(self) -> list[str]:
        return [each.name for each in self.col.models.all_names_and_ids()]

    def modelFieldNames(self, modelName: str) -> list[str]:
        return self.col.models.field_names(self.col.models.by_name(modelName))  # type: ignore[no-any-return]

    def modelTemplates(self, modelName: str) -> dict[str, dict[str, str]]:
        found = self.col.models.by_name(modelName)
        return {each["name"]: {"Front": each["qfmt"], "Back": each["afmt"]} for each in found["tmpls"]}

    def modelStyling(self, modelName: str) -> dict[str, str]:
        return {"css": self.col.models.by_name(modelName)["css"]}

    def updateModelTemplates(self, model: dict[str, Any]) -> None:
        found = self.col.models.by_name(model["name"])
        for each in found["tmpls"]:
            sides = model["templates"].get(each["name"], {})
            each.update(qfmt=sides.get("Front", each["qfmt"]), afmt=sides.get("Back", each["afmt"]))
        self.col.models.update_dict(found)

    def updateModelStyling(self, model: dict[str, Any]) -> None:
        found = self.col.models.by_name(model["name"])
        self.col.models.update_dict({**found, "css": model["css"]})

    def findNotes(self, query: str) -> list[int]:
        return list(self.col.find_notes(query))

    def findCards(self, query: str) -> list[int]:
        return list(self.col.find_cards(query))

    def notesInfo(self, notes: list[int]) -> list[dict[str, Any]]:
        out = []
        for nid in notes:
            note = self.col.get_note(nid)
            fields = {name: {"value": note[name], "order": n} for n, name in enumerate(note.keys())}
            cards = list(note.card_ids())
            kind = note.note_type()["name"]
            told = {"noteId": nid, "tags": note.tags, "fields": fields, "modelName": kind, "cards": cards, "mod": note.mod}
            out.append(told)
        return out

    def getDecks(self, cards: list[int]) -> dict[str, list[int]]:
        out: dict[str, list[int]] = {}
        for card in cards:
            out.setdefault(self.col.decks.name(self.col.get_card(card).did), []).append(card)
        return out

    def areSuspended(self, cards: list[int]) -> list[bool]:
        return [self.col.get_card(card).queue == -1 for card in cards]

    def cardsModTime(self, cards: list[int]) -> list[dict[str, int]]:
        return [{"cardId": card, "mod": self.col.get_card(card).mod} for card in cards]

    def changeDeck(self, cards: list[int], deck: str) -> None:
        self.col.set_deck(cards, self.col.decks.id(deck))

    def suspend(self, cards: list[int]) -> bool:
        self.col.sched.suspend_cards(cards)
        return True

    def unsuspend(self, cards: list[int]) -> bool:
        self.col.sched.unsuspend_cards(cards)
        return True

    def addTags(self, notes: list[int], tags: str) -> None:
        self.col.tags.bulk_add(notes, tags)

    def removeTags(self, notes: list[int], tags: str) -> None:
        self.col.tags.bulk_remove(notes, tags)

    def deleteNotes(self, notes: list[int]) -> None:
        self.col.remove_notes(notes)

    def importPackage(self, path: str) -> bool:
        import_deck(self.col, Path(path), merge=True, scheduling=True)
        return True

    def exportPackage(self, deck: str, path: str, includeSched: bool) -> bool:
        Path(path).write_bytes(b"PK")
        return self.col.decks.id_for_name(deck) is not None

    def guiSelectedNotes(self) -> list[int]:
        return self.selected

    def guiReviewActive(self) -> bool:
        return self.reviewing

    def guiDeckBrowser(self) -> None:
        pass

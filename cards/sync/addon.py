"""A push into an Anki that is open, by our own add-on, and the file that brings the add-on into Anki."""

from __future__ import annotations

import base64
import hmac
import io
import os
import secrets
import zipfile
from http.client import HTTPException
from importlib.resources import files
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener
from urllib.request import Request as HttpRequest

from msgspec import MsgspecError, Raw, Struct, json
from msgspec.structs import replace

from cards.addon.door import proof
from cards.model import CardsError
from cards.sync.profiles import base
from cards.sync.request import Answer, NothingDoneError, Request, decoded, encoded

PACKAGE = "takeaway_cards"  # the add-on's folder in Anki
_DOOR = "user_files/cards-door.json"
_OLDEST = 231000  # Anki 23.10, as it counts its versions
_PATIENCE = 600  # seconds for an answer
_DATE = (1980, 1, 1, 0, 0, 0)


class Door(Struct, frozen=True):
    """Where the add-on listens, the token that it asks for, and the collection that its Anki has open."""

    port: int
    token: str
    collection: str


def package() -> bytes:
    """The add-on as the file that Anki installs (`.ankiaddon`): the same bytes each time."""
    sources = files("cards.addon")
    manifest = {"package": PACKAGE, "name": "Cards: push from notes", "min_point_version": _OLDEST}
    contents = {
        "__init__.py": (sources / "desktop.py").read_bytes(),
        "apply.py": (sources / "apply.py").read_bytes(),
        "door.py": (sources / "door.py").read_bytes(),
        "manifest.json": json.encode(manifest),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, content)
    return out.getvalue()


def find() -> Door | None:
    """The door of the add-on in the Anki that is open; None where there is none, or Anki ended without closing it."""
    for path in sorted((base() / "addons21").glob(f"*/{_DOOR}")):
        try:
            door = json.decode(path.read_bytes(), type=Door)
        except (OSError, MsgspecError):
            continue
        if _answers(door):
            return door
    return None


def _answers(door: Door) -> bool:
    """Whether the add-on is behind a door: it can prove that it knows the token, another program on that port can't."""
    nonce = secrets.token_hex(16)
    try:
        told = json.decode(_call(HttpRequest(f"{_at(door)}/{nonce}"), patience=5), type=dict[str, str])
    except (OSError, HTTPException, MsgspecError):
        return False
    return hmac.compare_digest(told.get("proof", "").encode(), proof(door.token, nonce).encode())


def ask(request: Request) -> Answer:
    """Have the open Anki read or change its collection. Raises CardsError where it could not."""
    door = find()
    if door is None or not os.path.samefile(door.collection, request.collection):
        raise NothingDoneError(f"{request.collection}: Anki does not have it open any more; push again")
    sent = {"request": Raw(encoded(replace(request, package=""))), "package": ""}
    if request.package:
        sent["package"] = base64.b64encode(Path(request.package).read_bytes()).decode()
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {door.token}"}
        answer = decoded(_call(HttpRequest(_at(door), json.encode(sent), headers), patience=_PATIENCE))
    except HTTPError as error:
        raise CardsError(f"the add-on in Anki refuses: {_told(error)}") from None
    except (OSError, HTTPException, MsgspecError):
        raise CardsError("Anki does not answer any more; what the push had done stays, and a new push goes on") from None
    if answer.error:
        raise (CardsError if answer.touched else NothingDoneError)(answer.error)
    return answer


def _told(error: HTTPError) -> str:
    try:
        return json.decode(error.read(), type=Answer).error
    except (OSError, MsgspecError):
        return str(error)


def _at(door: Door) -> str:
    return f"http://127.0.0.1:{door.port}"


def _call(request: HttpRequest, *, patience: float) -> bytes:
    with build_opener(ProxyHandler({})).open(request, timeout=patience) as response:
        content: bytes = response.read()
    return content

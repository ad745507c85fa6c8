"""The add-on: lets `cards push` and `cards undo` change the collection that Anki has open.

A push runs in the background, with Anki's own progress window, and stands under Edit › Undo as one step. Editors that are open
save first what was typed, and show afterwards what the push brought.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

import aqt
from anki.collection import Collection, OpChanges
from aqt import gui_hooks, mw
from aqt.operations import CollectionOp, QueryOp

from . import apply
from .door import Door

_PATIENCE = 600  # seconds for one push


class _Done(NamedTuple):
    """What CollectionOp hands on: what changed, for Anki's windows, and the answer."""

    changes: OpChanges
    answer: dict[str, Any]


def _handle(asked: dict[str, Any]) -> dict[str, Any]:
    """Carry out a request, on a thread of the door. The package comes as base64: this Anki may see no file of the caller's."""
    done: Future[dict[str, Any]] = Future()
    with tempfile.TemporaryDirectory(prefix="cards-") as folder:
        request = asked["request"]
        if asked.get("package"):
            request["package"] = os.path.join(folder, "push.apkg")
            with open(request["package"], "wb") as file:
                file.write(base64.b64decode(asked["package"]))
        mw.taskman.run_on_main(lambda: _with_editors_saved(lambda: _start(request, done), done))
        return done.result(_PATIENCE)


def _with_editors_saved(then: Callable[[], None], done: Future[dict[str, Any]]) -> None:
    """Go on when each open editor has saved what was typed into it, so that none writes an old copy over a push."""
    editors = [getattr(window, "editor", None) for _, window in aqt.dialogs._dialogs.values()]
    waiting = [editor for editor in editors if editor and editor.note]

    def go_on() -> None:
        try:
            if waiting:
                waiting.pop().call_after_note_saved(go_on)
            else:
                then()
        except Exception as error:
            done.set_exception(error)

    go_on()


def _start(request: dict[str, Any], done: Future[dict[str, Any]]) -> None:
    if mw.col is None:
        done.set_result({"error": "Anki is open without a profile; choose one there, then push again"})
    elif apply.acts(request):
        folder = mw.pm.backupFolder()
        CollectionOp(mw, lambda col: _change(col, request, folder)).success(lambda each: done.set_result(each.answer)).failure(
            lambda error: done.set_result({"error": f"Anki refuses: {error}", "touched": True})
        ).run_in_background()
    else:
        QueryOp(parent=mw, op=lambda col: {"collection": apply.read(col, request)}, success=done.set_result).failure(
            done.set_exception
        ).run_in_background()


def _change(col: Collection, request: dict[str, Any], folder: str) -> _Done:
    if refused := apply.refusal(col, request):
        return _Done(OpChanges(), refused)
    backup = apply.back_up(col, folder)
    changes = apply.change(col, request)
    return _Done(changes, {"collection": apply.read(col, request), "backup": backup})


def _open() -> None:
    global _door
    _close()
    name = mw.addonManager.addonFromModule(__name__)
    folder = os.path.join(mw.addonManager.addonsFolder(name), "user_files")
    _door = Door(_handle, os.path.join(folder, "cards-door.json"), {"collection": mw.pm.collectionPath()})


def _close() -> None:
    global _door
    if _door is not None:
        _door.close()
    _door = None


_door: Door | None = None
gui_hooks.profile_did_open.append(_open)
gui_hooks.profile_will_close.append(_close)

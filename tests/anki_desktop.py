"""Anki's desktop without a screen: the add-on as Anki would install and start it, over a collection of the real library."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from anki.collection import OpChanges

from cards.sync import addon


class _Operation:
    """`CollectionOp` and `QueryOp`, which run at once."""

    def __init__(self, parent: Any, op: Callable[[Any], Any], success: Callable[[Any], None] | None = None) -> None:
        self.col, self.op = parent.col, op
        self.then, self.otherwise = success, pytest.fail

    def success(self, then: Callable[[Any], None]) -> _Operation:
        self.then = then
        return self

    def failure(self, otherwise: Callable[[Any], None]) -> _Operation:
        self.otherwise = otherwise  # type: ignore[assignment]
        return self

    def run_in_background(self) -> None:
        try:
            found = self.op(self.col)
            assert not hasattr(found, "changes") or isinstance(found.changes, OpChanges)
        except Exception as error:
            self.otherwise(error)  # type: ignore[arg-type]
        else:
            assert self.then is not None
            self.then(found)


class Desktop:
    """An Anki that is open with the add-on. `editor` is what its browser's editor holds: called to save before a push."""

    def __init__(self, opened: Any, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.editor: Any = None
        self.hooks = SimpleNamespace(profile_did_open=[], profile_will_close=[])
        folder = base / "addons21" / addon.PACKAGE
        with zipfile.ZipFile(io.BytesIO(addon.package())) as package:
            package.extractall(folder)
        self.mw = SimpleNamespace(
            col=opened,
            taskman=SimpleNamespace(run_on_main=lambda each: each()),
            pm=SimpleNamespace(
                backupFolder=lambda: str(Path(opened.path).parent / "backups"), collectionPath=lambda: opened.path
            ),
            addonManager=SimpleNamespace(
                addonFromModule=lambda name: name, addonsFolder=lambda name: str(base / "addons21" / name)
            ),
        )
        modules: dict[str, dict[str, Any]] = {
            "aqt": {"mw": self.mw, "gui_hooks": self.hooks, "dialogs": SimpleNamespace(_dialogs=self.windows())},
            "aqt.operations": {"CollectionOp": _Operation, "QueryOp": _Operation},
        }
        for name, content in modules.items():
            module = ModuleType(name)
            module.__dict__.update(content)
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.syspath_prepend(str(base / "addons21"))
        for name in [each for each in sys.modules if each.partition(".")[0] == addon.PACKAGE]:
            monkeypatch.delitem(sys.modules, name)
        import_module(addon.PACKAGE)
        self.open()

    def windows(self) -> dict[str, list[Any]]:
        """The windows of Anki that may hold an editor, as it keeps them."""
        outer = self

        class Browser:
            @property
            def editor(self) -> Any:
                return outer.editor

        return {"Browser": [Browser, Browser()], "AddCards": [None, None]}

    def open(self) -> None:
        for each in self.hooks.profile_did_open:
            each()

    def close(self) -> None:
        for each in self.hooks.profile_will_close:
            each()

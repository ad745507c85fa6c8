"""Two computers that push and sync: by Anki's own sync server, on this machine's loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cards.sync import memory
from tests.test_push import Profile
from tests.vaults import edit

sync = pytest.importorskip("anki.sync")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"SYNC_USER1": "u:p", "SYNC_BASE": str(tmp_path / "server"), "SYNC_HOST": "127.0.0.1", "SYNC_PORT": str(port)}
    ran = subprocess.Popen(
        [sys.executable, "-m", "anki.syncserver"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        with closing(socket.socket()) as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/"
    ran.terminate()
    ran.wait()


class Computer(Profile):
    """A computer with the vault and a collection of its own."""

    def __init__(self, folder: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.server, self.patch = server, monkeypatch

    def push(self, *more: str, notes: str = "v", given: str | None = None) -> Any:
        self.patch.setenv(memory.HOME, str(self.folder / "memory"))
        self.patch.chdir(self.folder)
        return super().push(*more, notes=notes, given=given)

    def sync(self, *, upload: bool | None = None) -> int:
        """Sync as Anki does; the kind of sync that was needed. The first of each computer is a full one, either way."""
        with self.anki() as opened:
            auth = opened.sync_login("u", "p", self.server)
            needed: int = opened.sync_collection(auth, False).required
            if upload is not None:
                opened.close_for_full_sync()
                opened.full_upload_or_download(auth=auth, server_usn=None, upload=upload)
                opened.reopen(after_full_sync=True)
            return needed


def test_two_computers_push_and_sync(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = (sync.SyncOutput.NO_CHANGES, sync.SyncOutput.NORMAL_SYNC)
    first, second = (Computer(tmp_path / name, server, monkeypatch) for name in "ab")
    first.push()
    first.sync(upload=True)
    second.sync(upload=False)
    second.push()  # its memory is empty: it takes the cards over
    assert second.steps() == {}
    assert second.review_all() == 4
    assert second.sync() in done

    assert first.sync() in done

    for computer in (first, second):  # both vaults get the same edits, and both push before they sync again
        note = computer.folder / "v" / "n.md"
        edit(note, "each gale", "every gale")
        edit(note, "tags: [sea]", "tags: [sea]\ndeck: Harbour")
        note.write_text(note.read_text(encoding="utf-8") + "- **Horn:** it sounds at night\n", encoding="utf-8")
    first.push()
    first.set("Front:*Bell*", Extra="as my father said")
    assert first.sync() in done
    second.push()
    for computer in (second, first, second):
        assert computer.sync() in done

    rows = "select n.guid, flds, tags, c.ord, c.queue, reps from notes n join cards c on c.nid = n.id order by 1, 4"
    assert first.look(rows) == second.look(rows)
    assert len(first.look("select id from notes")) == 5
    assert len(first.look("select id from revlog")) == 4
    assert second.field("Front:*Bell*", "Extra") == "as my father said"
    for computer in (first, second):
        assert computer.field("Front:*Bar*", "Back") == "it moves with every gale"
        assert computer.steps() == {}

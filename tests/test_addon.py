"""The add-on for an Anki that is open: whom its door lets in, and what it does about editors."""

from __future__ import annotations

import ast
import io
import json
import os
import stat
import sys
import zipfile
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cards.addon.door import Door
from cards.sync import addon, closed
from tests.test_push import AddonProfile, addon_profile  # noqa: F401 (a fixture)
from tests.vaults import edit, refused, run


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setenv("ANKI_BASE", str(tmp_path))
    path = tmp_path / "addons21" / addon.PACKAGE / "user_files" / "cards-door.json"
    opened = Door(lambda asked: {"heard": asked}, str(path), {"collection": "c"})
    yield opened
    opened.close()


def knock(door: Door, headers: dict[str, str] | None = None, *, method: str = "POST", body: bytes = b"{}") -> tuple[int, bytes]:
    given = {"Authorization": f"Bearer {door.token}", "Host": f"127.0.0.1:{door.port}", **(headers or {})}
    line = HTTPConnection("127.0.0.1", door.port, timeout=10)
    line.putrequest(method, "/", skip_host=True)
    for name, value in ({"Content-Length": str(len(body))} | given).items():
        line.putheader(name, value)
    line.endheaders(body)
    answer = line.getresponse()
    return answer.status, answer.read()


def test_who_knows_the_token_is_let_in(door: Door) -> None:
    assert knock(door, body=b'{"a": 1}') == (200, b'{"heard": {"a": 1}}')


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer é"},
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Host": "localhost"},
        {"Host": "attacker.example:80"},
    ],
)
def test_who_does_not_or_is_a_page_is_refused(door: Door, headers: dict[str, str]) -> None:
    given = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    status, body = knock(door, given)
    assert (status, b"heard" in body) == (403, False)


@pytest.mark.parametrize("headers", [{"Origin": "https://example.org"}, {"Host": "localhost"}])
def test_a_page_gets_no_proof(door: Door, headers: dict[str, str]) -> None:
    assert knock(door, headers, method="GET")[0] == 403


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(door: Door, body: bytes) -> None:
    assert knock(door, body=body)[0] == 400


@pytest.mark.parametrize("size", ["-1", "x", "99999999999"])
def test_a_request_of_another_size_is_refused(door: Door, size: str) -> None:
    assert knock(door, {"Content-Length": size})[0] == 413


def test_a_failure_is_told(tmp_path: Path) -> None:
    def fail(_: object) -> dict[str, Any]:
        raise LookupError("gone")

    opened = Door(fail, str(tmp_path / "f" / "door.json"), {})
    assert knock(opened) == (500, b'{"error": "LookupError: gone"}')
    opened.close()


def test_the_door_is_known_to_the_user_alone(door: Door) -> None:
    if sys.platform != "win32":
        assert stat.S_IMODE(Path(door.path).stat().st_mode) == 0o600
    assert os.listdir(Path(door.path).parent) == ["cards-door.json"]
    found = addon.find()
    assert found == addon.Door(door.port, door.token, "c")
    door.close()
    assert not Path(door.path).exists()
    assert addon.find() is None


def test_another_program_on_the_port_is_not_taken_for_the_add_on(door: Door) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(str(self.headers))
            body = json.dumps({"proof": "0" * 64}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    asked: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=server.serve_forever, daemon=True).start()
    Path(door.path).write_text(json.dumps({"port": server.server_address[1], "token": door.token, "collection": "c"}))
    assert addon.find() is None
    assert len(asked) == 1
    assert door.token not in asked[0]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("content", ["", "{}", '{"port": "x"}', '{"port": 1, "token": "t", "collection": "c"}'])
def test_a_door_that_leads_nowhere_is_passed_by(door: Door, content: str) -> None:
    Path(door.path).write_text(content)
    assert addon.find() is None


# ----------------------------------------------------------------------------------------------------- the package


def test_the_command_writes_the_add_on(tmp_path: Path) -> None:
    out = tmp_path / "a.ankiaddon"
    ran = run("anki-addon", "-o", str(out))
    assert "Tools › Add-ons › Install from file" in ran.stdout
    first = out.read_bytes()
    run("anki-addon", "-o", str(out))
    assert out.read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        manifest = json.loads(package.read("manifest.json"))
        assert manifest["package"] == addon.PACKAGE
        for name in package.namelist():
            if name.endswith(".py"):  # the oldest Anki that it may be installed in has Python 3.9
                ast.parse(package.read(name), feature_version=(3, 9))
    assert "no such folder" in refused("anki-addon", "-o", str(tmp_path / "x" / "a.ankiaddon"))


# ----------------------------------------------------------------------------------------------------- the desktop


def test_no_library_is_needed(addon_profile: AddonProfile, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(closed, "find_spec", lambda _: None)
    assert addon_profile.push().exit_code == 0
    assert addon_profile.opened.undo_status().undo == "Cards: push"
    addon_profile.opened.undo()
    assert addon_profile.look("select id from notes") == []
    assert set(addon_profile.steps()) == {"add"}  # it is gone, and comes again


class Editor:
    """An editor of the browser, with a text that was typed and not saved."""

    def __init__(self, profile: AddonProfile, typed: str) -> None:
        self.profile, self.typed = profile, typed
        self.note = object()

    def call_after_note_saved(self, then: Callable[[], None]) -> None:
        if self.typed:
            self.profile.set("Front:*Bell*", Back=self.typed)
        self.typed = ""
        then()


def test_what_is_typed_in_an_editor_is_an_edit(addon_profile: AddonProfile) -> None:  # noqa: F811
    addon_profile.push()
    addon_profile.desktop.editor = Editor(addon_profile, "it rings in snow")
    edit(addon_profile.folder / "v" / "n.md", "rings in fog", "rings in thick fog")
    assert "1 card changed here and in Anki" in addon_profile.push().stdout
    assert addon_profile.field("Front:*Bell*", "Back") == "it rings in snow"


def test_what_is_typed_after_the_plan_refuses_the_push(
    addon_profile: AddonProfile,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addon_profile.push()
    edit(addon_profile.folder / "v" / "n.md", "rings in fog", "rings in thick fog")
    ask = addon.ask

    def late(request: Any) -> Any:
        if request.acts:
            addon_profile.desktop.editor = Editor(addon_profile, "it rings in snow")
        return ask(request)

    monkeypatch.setattr(addon, "ask", late)
    ran = addon_profile.push()
    assert ran.exit_code == 2
    assert "it has changed since it was looked at" in ran.stderr
    assert addon_profile.field("Front:*Bell*", "Back") == "it rings in snow"


def test_a_profile_that_is_not_open_is_named(addon_profile: AddonProfile) -> None:  # noqa: F811
    assert "open with the profile 'anki', not 'Other'" in refused("push", "v", "--profile", "Other", "-y")
    addon_profile.desktop.close()
    addon_profile.desktop.open()
    assert addon_profile.push("--profile", "anki").exit_code == 0


def test_an_anki_without_a_profile_is_named(addon_profile: AddonProfile, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(addon_profile.desktop.mw, "col", None)
    assert "choose one there" in refused("push", "v", "-y")


def test_a_refusal_of_ankis_is_told(addon_profile: AddonProfile, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def fail(*_: object) -> None:
        raise ValueError("no room")

    monkeypatch.setattr(addon_profile.opened, "import_anki_package", fail)
    assert "Anki refuses: no room" in refused("push", "v", "-y")
    monkeypatch.undo()

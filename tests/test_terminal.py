"""Whatever notes, names, ledgers and decks hold, no byte of it steers the terminal."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from cards.commands.watch import watch
from cards.identity import ledger_file
from tests import vaults
from tests.vaults import altered, configured, packages, write

STEERING = {
    "CSI": "\x1b[31m",
    "OSC 8": "\x1b]8;;https://a.example\x07x\x1b]8;;\x07",
    "OSC 52": "\x1b]52;c;cm0gLXJm\x07",
    "title": "\x1b]0;x\x07",
    "DCS": "\x1bP+q544e\x1b\\",
    "C1 CSI": "\x9b31m",
    "C1 OSC": "\x9d52;c;x\x9c",
    "bell": "\x07",
    "return": "\rspoof",
    "backspace": "\b\b\b",
    "delete": "\x7f",
    "override": "\u202egpj.\u202c",
    "isolate": "\u2066x\u2067y\u2069",
    "marks": "\u200e\u200f\u061c",
    "lines": "\u2028x\u2029",
    "vertical": "\x0b\x0c",
}
ALL = "a" + "".join(STEERING.values())
NAME = ALL.replace("/", "")[:80]
_STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def run(*arguments: object, code: int | None = None) -> str:
    """All that a command says, to both of its streams, which must not steer."""
    ran = vaults.run(*arguments)
    assert isinstance(ran.exception, SystemExit | None), ran.exception
    said = (ran.stdout_bytes + ran.stderr_bytes).decode("utf-8", "surrogateescape")
    assert not (found := _STEERS.search(said)), (arguments, found, said[max(0, found.start() - 60) : found.end() + 60])
    assert code is None or ran.exit_code == code, said
    return said


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    deck, label = json.dumps(ALL), ALL.replace("\r", "")
    note = f"---\ndeck: {deck}\ntags: [{deck}]\ntitle: {deck}\n---\n# {label}\n\n- **{label}:** t\n- b {label}\n"
    note += f"- a ![[{label}.png]] **phr {label} ase** is here with more\n"
    broken = f"---\na: [{label}\n---\n- **L:** t"
    write(tmp_path, {f"{NAME}/{NAME}.md": note, f"{NAME}/{NAME}broken.md": broken, "bad.md": b"\xff"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_text_of_notes_does_not_steer(folder: Path) -> None:
    for command in ("list --skipped", "lint", "lint --sarif", "list --json"):
        run(*command.split())
    for command in ("build -v", "list"):
        assert re.search(r"\\(?:x|u00)1b", run(*command.split()))
    for command in ("preview", "build --json"):
        run(*command.split())
    (folder / NAME / f"{NAME}.md").write_text("- **Other:** text\n", encoding="utf-8")
    for command in ("diff", "build", "retired", "retired --json"):
        run(*command.split())


def test_given_names_do_not_steer(folder: Path) -> None:
    decks = folder / f"{NAME}decks"
    run("build", NAME, "-o", decks, code=0)
    run("build", f"{NAME}nowhere", code=2)
    run("build", NAME, "-o", f"{NAME}/{NAME}.md/x", code=2)
    run("recover", decks, code=2)
    run("verify", f"{NAME}nowhere", code=2)
    run("init", NAME, code=0)
    run("init", NAME, code=2)
    package = next(decks.glob("*.apkg"))
    run("recover", package, "-o", f"{NAME}new", code=0)
    write(folder, {f"{NAME}.apkg": b"no zip"})
    run("recover", f"{NAME}.apkg", code=2)
    run("verify", f"{NAME}.apkg", code=2)
    run("--deck", NAME, code=2)
    run(NAME, code=2)


@pytest.mark.parametrize("text", [f"{json.dumps(ALL)} = 1", f"deck = [{json.dumps(ALL)}]", ALL])
def test_the_configuration_does_not_steer(text: str, folder: Path) -> None:
    (folder / f"{NAME}.toml").write_text(text, encoding="utf-8", newline="")
    run("build", "--config", f"{NAME}.toml", code=2)


def test_a_ledger_does_not_steer(folder: Path) -> None:
    run("build")
    path = folder / "decks" / ledger_file.NAME
    more = dict.fromkeys(("key", "ask", "text", "parts", "block"), ALL)
    known = ledger_file.load(path.read_text(encoding="utf-8")).values()
    told = [replace(each, deck=each.deck + ALL, note=each.note + ALL, **more) for each in known]
    path.write_text(ledger_file.dump(told, ".."), encoding="utf-8")
    for command in ("diff", "build --new-ledger", "retired"):
        assert "damaged" not in run(*command.split(), code=0)
    assert re.search(r"\\x1b", run("retired"))


def test_a_deck_does_not_steer(folder: Path) -> None:
    pytest.importorskip("anki.collection")
    run("build")
    package = max(packages(folder / "decks"), key=lambda each: each.stat().st_size)
    steering = "update notes set guid = guid || ?, flds = replace(flds, '\x1f', ? || '\x1f')"
    altered(package, package, [(steering, (ALL, f"[sound:{NAME}.mp3]"))])
    run("verify", package)
    run("verify", "--json", package)


@pytest.mark.skipif(sys.platform == "darwin", reason="names are text there")
def test_names_that_are_no_text_are_said(folder: Path) -> None:
    name = os.fsdecode(b"d\xff")
    write(folder / name, {"n.md": "- **L:** t"})
    for command in ("build {0} -o {0}", "list {0}", "list {0} --json", "init {0}", "build {0} --json"):
        run(*command.format(name).split())


def test_watching_says_each_problem_on_a_line_of_its_own(folder: Path) -> None:
    said: list[str] = []
    stop = threading.Event()
    stop.set()
    watch(lambda: configured(folder), said.append, stop)
    assert any(line.startswith("  problem: bad.md") for line in said)
    assert not any("\n  problem" in line for line in said)

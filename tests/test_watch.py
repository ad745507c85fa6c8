from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from cards.commands.watch import watch
from cards.identity import ledger_file
from cards.vault.config import Config, load


class Watching:
    """A watch in the background; its lines, and a way to wait for one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.stop = Event()
        self.thread = Thread(target=watch, args=(self.load, self.lines.append, self.stop), daemon=True)
        self.thread.start()
        self.wait_for("written", 0)
        time.sleep(0.5)  # the system's watch has to stand before the first save

    def load(self) -> Config:
        return load((self.folder,), self.folder / "decks", None, None)

    def wait_for(self, text: str, since: int, seconds: float = 15) -> float:
        """Wait for a line with a text; how long it took in seconds."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if any(text in line for line in self.lines[since:]):
                return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"no {text!r} in {self.lines[since:]}")

    def cards(self) -> int:
        entries = ledger_file.load((self.folder / "decks" / ledger_file.NAME).read_text(encoding="utf-8"))
        return sum(entry.live for entry in entries.values())


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    (tmp_path / "a.md").write_text("- **Depth:** four fathoms\n", encoding="utf-8")
    running = Watching(tmp_path)
    yield running
    running.stop.set()
    running.thread.join(10)
    assert not running.thread.is_alive()


def test_a_save_is_built_within_seconds(watching: Watching) -> None:
    since = len(watching.lines)
    (watching.folder / "a.md").write_text("- **Depth:** five fathoms\n", encoding="utf-8")
    assert watching.wait_for("1 updated", since) < 5  # a second on an idle machine
    assert "Takeaways.apkg written" in watching.lines[-1]


def test_its_own_output_starts_no_build(watching: Watching) -> None:
    since = len(watching.lines)
    (watching.folder / "a.md").write_text("- **Depth:** five fathoms\n", encoding="utf-8")
    watching.wait_for("1 updated", since)
    time.sleep(1.5)
    assert len(watching.lines) == since + 1


def test_an_editors_atomic_save(watching: Watching) -> None:
    since = len(watching.lines)
    temporary = watching.folder / ".a.md.swp~"
    temporary.write_text("- **Depth:** six fathoms\n", encoding="utf-8")
    os.replace(temporary, watching.folder / "a.md")
    watching.wait_for("1 updated", since)


def test_a_burst_of_a_hundred_files(watching: Watching) -> None:
    since = len(watching.lines)
    for number in range(100):
        (watching.folder / f"n{number}.md").write_text(f"- **Label {number}:** text of {number}\n", encoding="utf-8")
    deadline = time.monotonic() + 20
    while watching.cards() < 101 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watching.cards() == 101
    assert len(watching.lines) - since <= 12


def test_renames_deletions_and_a_broken_note_in_between(watching: Watching) -> None:
    folder = watching.folder
    since = len(watching.lines)
    (folder / "a.md").rename(folder / "b.md")
    watching.wait_for("1 updated", since)  # the breadcrumb has the note's name
    since = len(watching.lines)
    (folder / "bad.md").write_bytes(b"\xfd broken")
    watching.wait_for("bad.md:1: is not UTF-8", since)
    since = len(watching.lines)
    (folder / "bad.md").unlink()
    (folder / "b.md").unlink()
    (folder / "c.md").write_text("- **Width:** a cable across at the mouth\n", encoding="utf-8")
    watching.wait_for("1 new, 1 retired", since)


def test_what_cannot_be_built_is_said_and_mended(watching: Watching) -> None:
    path = watching.folder / "decks" / ledger_file.NAME
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:-5], encoding="utf-8")
    since = len(watching.lines)
    (watching.folder / "a.md").write_text("- **Depth:** seven fathoms\n", encoding="utf-8")
    watching.wait_for("build failed", since)
    path.write_text(whole, encoding="utf-8")
    since = len(watching.lines)
    (watching.folder / "a.md").write_text("- **Depth:** eight fathoms\n", encoding="utf-8")
    watching.wait_for("1 updated", since)


def test_a_change_of_cards_toml_counts(watching: Watching) -> None:
    since = len(watching.lines)
    (watching.folder / "cards.toml").write_text('deck = "Sea"', encoding="utf-8")
    watching.wait_for("Sea.apkg written, Takeaways.apkg removed", since)
    since = len(watching.lines)
    (watching.folder / "cards.toml").write_text('dekc = "Sea"', encoding="utf-8")
    watching.wait_for("did you mean deck?", since)

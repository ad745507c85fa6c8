from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from msgspec import structs

from cards.commands.watch import watch
from cards.identity import ledger_file
from cards.pipeline.output import read_ledger
from cards.vault.config import Config
from tests.vaults import configured, write


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
        return configured(self.folder)

    def wait_for(self, text: str, since: int, seconds: float = 15) -> float:
        """Wait for a line with a text; how long it took in seconds."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if any(text in line for line in self.lines[since:]):
                return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"no {text!r} in {self.lines[since:]}")

    def saved(self, text: str, files: dict[str, str | bytes]) -> float:
        """Save files and wait for a line with a text."""
        since = len(self.lines)
        write(self.folder, files)
        return self.wait_for(text, since)

    def cards(self) -> int:
        return sum(entry.live for entry in read_ledger(self.folder / "decks").values())


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    running = Watching(write(tmp_path, {"a.md": "- **Depth:** four fathoms\n"}))
    yield running
    running.stop.set()
    running.thread.join(10)
    assert not running.thread.is_alive()


def test_a_save_is_built_within_seconds(watching: Watching) -> None:
    assert watching.saved("1 updated", {"a.md": "- **Depth:** five fathoms\n"}) < 5  # a second on an idle machine
    assert "Takeaways.apkg written" in watching.lines[-1]


def test_its_own_output_starts_no_build(watching: Watching) -> None:
    since = len(watching.lines)
    watching.saved("1 updated", {"a.md": "- **Depth:** five fathoms\n"})
    time.sleep(1)
    assert len(watching.lines) == since + 1


def test_an_editors_atomic_save(watching: Watching) -> None:
    since = len(watching.lines)
    temporary = watching.folder / ".a.md.swp~"
    temporary.write_text("- **Depth:** six fathoms\n", encoding="utf-8")
    os.replace(temporary, watching.folder / "a.md")
    watching.wait_for("1 updated", since)


def test_a_burst_of_a_hundred_files(watching: Watching) -> None:
    since = len(watching.lines)
    write(watching.folder, {f"n{number}.md": f"- **Label {number}:** text of {number}\n" for number in range(100)})
    deadline = time.monotonic() + 20
    while watching.cards() < 101 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watching.cards() == 101
    assert len(watching.lines) - since <= 12


def test_renames_deletions_and_a_broken_note_in_between(watching: Watching) -> None:
    folder = watching.folder
    since = len(watching.lines)
    (folder / "a.md").rename(folder / "b.md")
    watching.wait_for("1 moved", since)
    since = len(watching.lines)
    (folder / "bad.md").write_bytes(b"\xfd broken")
    watching.wait_for("bad.md:1: is not UTF-8", since)
    since = len(watching.lines)
    (folder / "bad.md").unlink()
    (folder / "b.md").unlink()
    (folder / "c.md").write_text("- **Width:** a cable across at the mouth\n", encoding="utf-8")
    watching.wait_for("1 new, 1 retired", since)


def test_a_note_that_a_sync_empties_keeps_its_deck(watching: Watching) -> None:
    note = watching.folder / "many.md"
    since = len(watching.lines)
    note.write_text("".join(f"- **Label {n}:** text of {n}\n" for n in range(12)), encoding="utf-8")
    watching.wait_for("12 new", since)
    decks = {path: path.read_bytes() for path in (watching.folder / "decks").iterdir()}
    note.write_text("", encoding="utf-8")
    watching.wait_for("the decks stay as they are: this would retire 12 of the 13 cards", since)
    assert {path: path.read_bytes() for path in (watching.folder / "decks").iterdir()} == decks


def test_a_frontmatter_that_is_half_written_moves_and_changes_nothing(watching: Watching) -> None:
    whole = "---\nsource: https://youtu.be/abcdefghijk\ntags: [sea, tide]\ndeck: Bio\n---\n- **Bar:** it moves (1:20)\n"
    watching.saved("1 new", {"b.md": whole})
    before = read_ledger(watching.folder / "decks")
    for was, half in (("deck: Bio", "deck: [Bio"), ("tags: [sea, tide]", "tags: [sea"), ("deck: Bio", 'deck: "Bi')):
        watching.saved("the frontmatter can't be read", {"b.md": whole.replace(was, half)})
        now = {guid: structs.replace(entry, line=0) for guid, entry in read_ledger(watching.folder / "decks").items()}
        assert now == {guid: structs.replace(entry, line=0) for guid, entry in before.items()}
    assert (watching.folder / "decks" / "Bio.apkg").exists()


def test_a_build_that_fails_is_said_and_mended(watching: Watching) -> None:
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
    watching.saved("Sea.apkg written, Takeaways.apkg removed", {"cards.toml": 'deck = "Sea"'})
    watching.saved("did you mean deck?", {"cards.toml": 'dekc = "Sea"'})

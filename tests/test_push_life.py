"""Notes and Anki edited in any order, with pushes, imports, reviews and undos between them: no edit and no review is lost."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cards.sync import closed, memory
from tests.anki_run import collection, healthy, import_deck
from tests.vaults import run, write

NAMES = ("Bar", "Mole", "Bell")
WORDS = ("moves with each gale", "was built of granite", "rings in fog", "is as old as the town")


class Push(RuleBasedStateMachine):
    """A vault of three takeaways and a collection."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="cards-"))
        self.home = os.environ.get(memory.HOME)
        os.environ[memory.HOME] = str(self.folder / "memory")
        self.path = self.folder / "anki" / "collection.anki2"
        with collection(self.path.parent):
            pass
        self.run = closed.run
        closed.run = self.here
        self.said: dict[str, str] = {"Bar": WORDS[0], "Mole": WORDS[1]}
        self.deck = "Harbour"
        self.reviews: set[int] = set()
        self.edits: dict[str, str] = {}  # what the user wrote in Anki, by label
        self.write()

    def here(self, command: list[str]) -> str:
        """Change the closed collection in this process, which is faster."""
        closed.main(*command[-2:])
        return ""

    def teardown(self) -> None:
        closed.run = self.run
        shutil.rmtree(self.folder)
        os.environ.pop(memory.HOME, None)
        if self.home is not None:
            os.environ[memory.HOME] = self.home

    def write(self) -> None:
        body = "".join(f"- **{name}:** it {words}\n" for name, words in sorted(self.said.items()))
        write(self.folder, {"v/n.md": f"---\ndeck: {self.deck}\n---\n{body}"})

    def where(self) -> list[object]:
        return [self.folder / "v", "-o", self.folder / "d", "--collection", self.path]

    def backs(self) -> dict[str, str]:
        with collection(self.path.parent) as opened:
            notes = [opened.get_note(nid) for nid in opened.find_notes("ID:_*")]
            return {name: note["Back"] for note in notes for name in NAMES if name in note["Front"]}

    # ------------------------------------------------------------------------------------------------------ what happens

    @rule(name=st.sampled_from(NAMES), words=st.sampled_from(WORDS))
    def say(self, name: str, words: str) -> None:
        """The author writes a takeaway, or rewrites it."""
        self.said[name] = words
        self.write()

    @precondition(lambda self: len(self.said) > 1)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """The author deletes a takeaway."""
        del self.said[data.draw(st.sampled_from(sorted(self.said)))]
        self.write()

    @rule(deck=st.sampled_from(["Harbour", "Port"]))
    def move(self, deck: str) -> None:
        """The author names another deck."""
        self.deck = deck
        self.write()

    @rule(name=st.sampled_from(NAMES), number=st.integers(1, 9))
    def edit(self, name: str, number: int) -> None:
        """The user edits a card in Anki."""
        with collection(self.path.parent) as opened:
            for nid in opened.find_notes(f"Front:*{name}*"):
                note = opened.get_note(nid)
                note["Back"] = self.edits[name] = f"mine {number}"
                opened.update_note(note)

    @rule()
    def review(self) -> None:
        """The user reviews what is due."""
        with collection(self.path.parent) as opened:
            for deck in ("Harbour", "Port"):
                if did := opened.decks.id_for_name(deck):
                    opened.decks.select(did)
                    for _ in range(2):
                        if card := opened.sched.getCard():
                            card.start_timer()
                            opened.sched.answerCard(card, 3)
            self.reviews |= set(opened.db.list("select id from revlog"))

    @rule()
    def push(self) -> None:
        """A push does what its dry run says, and a second one does nothing."""
        planned = run("push", *self.where(), "-n", "--json")
        assert planned.exit_code == 0, planned.output
        replaced = {
            name
            for step in map(json.loads, planned.stdout.splitlines())
            for name in NAMES
            if name in step["text"] and "back" in step["changed"]
        }
        before = self.backs()
        ran = run("push", *self.where(), "--yes", "--json")
        assert (ran.exit_code, ran.stdout) == (0, planned.stdout)
        again = [json.loads(line) for line in run("push", *self.where(), "-n", "--json").stdout.splitlines()]
        assert {step["what"] for step in again} <= {"keep", "away"}
        after = self.backs()
        for name, text in self.edits.items():  # none is replaced
            if before.get(name) == text:
                assert after.get(name) == text
                assert name not in replaced
        for name, words in self.said.items():
            assert name not in after or name in self.edits or after[name] == f"it {words}"

    @rule()
    def import_package(self) -> None:
        """The user double-clicks the deck; an edit there of a takeaway that changed is replaced, as an import does."""
        run("build", self.folder / "v", "-o", self.folder / "d", "--retire")
        with collection(self.path.parent) as opened:
            for package in sorted((self.folder / "d").glob("*.apkg")):
                import_deck(opened, package)
        backs = self.backs()
        self.edits = {name: text for name, text in self.edits.items() if backs.get(name) == text}

    @rule()
    def undo(self) -> None:
        """The user takes the last push back."""
        before = self.backs()
        ran = run("undo", *self.where(), "--yes")
        assert ran.exit_code in (0, 2)
        after = self.backs()
        for name, text in self.edits.items():
            if before.get(name) == text:
                assert after.get(name) == text

    # --------------------------------------------------------------------------------------------------------------- laws

    @invariant()
    def no_review_is_lost(self) -> None:
        with collection(self.path.parent) as opened:
            assert self.reviews <= set(opened.db.list("select id from revlog"))
            guids: list[Any] = opened.db.list("select guid from notes")
            assert len(guids) == len(set(guids))

    @invariant()
    def anki_finds_nothing_wrong(self) -> None:
        with collection(self.path.parent) as opened:
            assert healthy(opened) == []


Push.TestCase.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
TestPush = Push.TestCase

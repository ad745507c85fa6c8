"""Random edits, step by step: what holds whatever happens to the notes."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cards.identity import ledger_file
from cards.identity.fingerprint import FIRST_MOD
from cards.identity.ledger import Ledger
from cards.model import Card, Cloze
from cards.pipeline.build import collect
from tests.vaults import configured, write

WORDS = "harbour tide pilot channel sand fathom anchor current lantern granite dredger rope storm keel island".split()
NOTES = ("a.md", "b.md", "sea/c.md")


@dataclass(frozen=True)
class Bullet:
    """A takeaway of the simulated vault. `serial` makes its words its own; `bold` are indices of its words."""

    serial: int
    label: bool
    words: tuple[str, ...]
    bold: frozenset[int] = frozenset()

    def text(self) -> str:
        shown = [f"**{word}**" if n in self.bold else word for n, word in enumerate(self.words)]
        return f"- {f'**Label of {self.serial}:** ' if self.label else ''}{' '.join(shown)}."


@dataclass
class Seen:
    guid: str
    mod: int
    ordinals: dict[str, int] = field(default_factory=dict)


class Vault(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edits-"))
        self.notes: dict[str, list[Bullet]] = {name: [] for name in NOTES}
        self.serial = 0
        self.known: Ledger = {}
        self.now = FIRST_MOD + 1000
        self.before: dict[tuple[str, str], dict[str, Seen]] = {}
        self.guids: dict[tuple[str, str], str] = {}
        self.ordinals: dict[str, dict[int, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder, ignore_errors=True)

    @rule(
        note=st.sampled_from(NOTES),
        label=st.booleans(),
        words=st.lists(st.sampled_from(WORDS), min_size=5, max_size=9),
        at=st.integers(0, 9),
    )
    def write_bullet(self, note: str, label: bool, words: list[str], at: int) -> None:
        self.serial += 1
        own = (f"word{self.serial}", *words, f"end{self.serial}")
        bullets = self.notes[note]
        bullets.insert(at % (len(bullets) + 1), Bullet(self.serial, label, own, frozenset({0})))

    def _pick(self, note: str, at: int) -> int | None:
        return at % len(self.notes[note]) if self.notes[note] else None

    @rule(note=st.sampled_from(NOTES), at=st.integers(0, 9))
    def remove(self, note: str, at: int) -> None:
        if (n := self._pick(note, at)) is not None:
            del self.notes[note][n]

    @rule(note=st.sampled_from(NOTES), at=st.integers(0, 9), word=st.integers(1, 5), new=st.sampled_from(WORDS))
    def edit_a_word(self, note: str, at: int, word: int, new: str) -> None:
        if (n := self._pick(note, at)) is not None:
            words = list(self.notes[note][n].words)
            words[word % (len(words) - 1) or 1] = new
            self.notes[note][n] = replace(self.notes[note][n], words=tuple(words))

    @rule(note=st.sampled_from(NOTES), at=st.integers(0, 9), word=st.integers(0, 8))
    def toggle_bold(self, note: str, at: int, word: int) -> None:
        if (n := self._pick(note, at)) is not None:
            one = self.notes[note][n]
            self.notes[note][n] = replace(one, bold=one.bold ^ {word % len(one.words)})

    @rule(note=st.sampled_from(NOTES), seed=st.randoms(use_true_random=False))
    def reorder(self, note: str, seed: object) -> None:
        seed.shuffle(self.notes[note])  # type: ignore[attr-defined]

    @rule(note=st.sampled_from(NOTES), to=st.sampled_from(NOTES), at=st.integers(0, 9))
    def move(self, note: str, to: str, at: int) -> None:
        if (n := self._pick(note, at)) is not None:
            self.notes[to].append(self.notes[note].pop(n))

    @rule()
    def build(self) -> None:
        self.now += 60
        root = self.folder / "notes"
        shutil.rmtree(root, ignore_errors=True)
        write(root, {name: "\n".join(bullet.text() for bullet in bullets) for name, bullets in self.notes.items()})
        config = configured(root, self.folder / "decks")
        after = collect(config, self.known, self.now)
        self._check(after.entries, {card.guid: card for card in after.cards})
        again = collect(config, self.known, self.now)
        assert ledger_file.dump(again.entries.values()) == ledger_file.dump(after.entries.values())
        assert [card.guid for card in again.cards] == [card.guid for card in after.cards]
        self.known = after.entries

    def _check(self, entries: Ledger, cards: dict[str, Card]) -> None:
        assert set(self.known) <= set(entries)
        assert ledger_file.load(ledger_file.dump(entries.values())) == entries
        seen: dict[tuple[str, str], dict[str, Seen]] = {}
        for guid, card in cards.items():
            place = card.draft.place
            line = self.notes[place.note][place.line - 1].text()
            one = Seen(guid, card.anki.mod)
            if isinstance(card.draft, Cloze):
                one.ordinals = {each.text: each.ordinal for each in card.draft.deletions}
            seen.setdefault((place.note, line), {})[card.draft.kind] = one
            self._ordinals_are_for_life(guid, one.ordinals)
        # a bullet that was not touched, in the note it was in, is the same card to the last detail
        for where, kinds in seen.items():
            for kind, one in kinds.items():
                old = self.before.get(where, {}).get(kind)
                assert old is None or old == one, (where, old, one)
        self.before = seen
        # wherever it went to, a bullet that was not touched keeps its guids
        now = {(line, kind): one.guid for (_, line), kinds in seen.items() for kind, one in kinds.items()}
        for bullet in now.keys() & self.guids.keys():
            assert now[bullet] == self.guids[bullet], bullet
        self.guids |= now

    def _ordinals_are_for_life(self, guid: str, ordinals: dict[str, int]) -> None:
        taken = self.ordinals.setdefault(guid, {})
        for text, ordinal in ordinals.items():
            owner = taken.setdefault(ordinal, text)
            # an ordinal may follow an edited word, it never jumps to a phrase that has one of its own
            assert owner == text or ordinal not in {n for t, n in ordinals.items() if t == owner and n != ordinal}
            taken[ordinal] = text


TestEdits = Vault.TestCase
_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]
TestEdits.settings = settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=_SLOW)

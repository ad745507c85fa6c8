"""Random edits, step by step: whatever happens to the notes, no law of `trials/years.py` is broken."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from cards.identity import ledger_file
from cards.identity.ledger import Ledger
from cards.pipeline.build import collect
from tests.test_identity import NOW, check
from tests.vaults import configured, write
from trials.simulated_notes import Author, Vault, text_of

Memory = pytest.importorskip("trials.years", reason="pip install 'takeaway-cards[anki]' to run the trials").Memory


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_edited_breaks_no_law(seed: int, tmp_path: Path) -> None:
    author, vault, root = Author(random.Random(seed)), Vault(), tmp_path / "notes"
    for _ in range(3):
        author.new_note(vault)
    memory = Memory([], origins=author.origins)
    known: Ledger = {}
    for step in range(20):
        shutil.rmtree(root, ignore_errors=True)
        write(root, {path: text_of(note) for path, note in vault.notes.items()})
        config, now = configured(root, tmp_path / "decks"), NOW + 60 * step
        after, again = (collect(config, known, now) for _ in range(2))
        check(known, after, now)
        memory.check(after.entries, vault)
        assert ledger_file.dump(again.entries.values()) == ledger_file.dump(after.entries.values())
        assert [card.guid for card in again.cards] == [card.guid for card in after.cards]
        assert collect(config, after.entries, now + 1).entries == after.entries
        for guid in known:
            old, new = (
                {each.text: each.ordinal for each in of[guid].phrases if not each.gone} for of in (known, after.entries)
            )
            assert all(new[text] == old[text] for text in old.keys() & new.keys())
        known = after.entries
        for _ in range(author.draw.randint(1, 6)):
            author.edit(vault, [*vault.notes], step)
    assert memory.wrong == []
    assert memory.done["unchanged, kept"] > 100
    assert memory.done["edited, kept"] > 0

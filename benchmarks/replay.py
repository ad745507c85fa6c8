"""Replay the git history of any repository of notes, commit by commit, and print what became of the cards.

    python benchmarks/replay.py REPOSITORY [--folder NOTES] [--last N] [--verbose]

Every commit that touches a note is built upon the ledger of the one before. Judged from outside, by the words alone:
a card whose words did not change must keep its guid; a card that a careful reader would call edited should (it has the
label of one that is gone, or seven tenths of its words, and of no other nearly as many); no guid may pass to a card that
shares less than a fifth of its words, and not the label, with the one before; and a phrase of a card that keeps its guid must
keep its number as long as it has the same words. The repository is only read.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cards.identity.ledger import Ledger
from cards.identity.similarity import normal
from cards.model import Card, Cloze
from cards.model.blocks import block_text
from cards.model.prose import plain
from cards.pipeline.build import collect
from cards.vault.config import load

_WORD = re.compile(r"[\u3040-\u9fff]|[^\s\u3040-\u9fff]+")  # a sign of Chinese or Japanese is one


@dataclass
class Figures:
    commits: int = 0
    cards: int = 0
    unchanged: int = 0
    unchanged_kept: int = 0
    edited: int = 0
    edited_kept: int = 0
    passed_on: int = 0
    touched: int = 0
    phrases: int = 0
    phrases_kept: int = 0
    oddities: list[str] = field(default_factory=list)


class Told(NamedTuple):
    """What a reader sees of a card."""

    kind: str
    label: str
    words: tuple[str, ...]


def told(card: Card) -> Told:
    draft = card.draft
    if isinstance(draft, Cloze):
        return Told(draft.kind, "", tuple(_WORD.findall(normal(plain(draft.text)))))
    label = normal(draft.label or plain(draft.front))
    return Told(draft.kind, label, tuple(_WORD.findall(f"{label} {normal(' '.join(map(block_text, draft.back)))}")))


def shared(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """The share of words two cards have in common, counted with their repeats."""
    common = sum((Counter(one) & Counter(other)).values())
    return 2 * common / (len(one) + len(other)) if one or other else 1.0


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True).stdout


def versions(repository: Path, folder: str, last: int | None) -> Iterator[tuple[str, int, Path]]:
    """Each commit of the first parents with its time, and a folder that holds its notes."""
    limit = [f"-{last}"] if last else []
    log = git(repository, "log", "--first-parent", "--format=%H %ct", *limit, "--", folder)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "notes"
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        for line in reversed(log.splitlines()):
            commit, second = line.split()
            environment = {**os.environ, **index, "GIT_WORK_TREE": str(tree), "GIT_DIR": str(repository / ".git")}
            tree.mkdir(exist_ok=True)
            subprocess.run(["git", "read-tree", "-u", "--reset", commit], env=environment, check=True, capture_output=True)
            yield commit, int(second), tree / folder


def replay(repository: Path, folder: str, last: int | None) -> Figures:
    figures = Figures()
    known: Ledger = {}
    before: dict[str, Told] = {}  # by guid
    with tempfile.TemporaryDirectory() as decks:  # only for the cache
        for commit, second, notes in versions(repository, folder, last):
            if not notes.is_dir():
                continue
            collected = collect(load((notes,), Path(decks), None, None), known, second)
            after = {card.guid: told(card) for card in collected.cards}
            _judge(figures, commit[:9], before, after)
            _count_ordinals(figures, commit[:9], known, collected.entries)
            known, before = collected.entries, after
            figures.commits += 1
            figures.cards = len(after)
    return figures


def _judge(figures: Figures, commit: str, before: dict[str, Told], after: dict[str, Told]) -> None:
    had, has = Counter(before.values()), Counter(after.values())
    for guid, card in after.items():
        if before.get(guid) == card:
            figures.unchanged += 1
            figures.unchanged_kept += 1
        elif guid in before:
            figures.touched += 1
            old = before[guid]
            if shared(old.words, card.words) < 0.2 and not (card.label and card.label == old.label):
                figures.passed_on += 1
                figures.oddities.append(f"{commit} passed on: {' '.join(old.words)[:70]} → {' '.join(card.words)[:70]}")
    for card in (had & has).elements():
        olds = {guid for guid, one in before.items() if one == card}
        if not olds & {guid for guid, one in after.items() if one == card}:
            figures.unchanged += 1
            figures.oddities.append(f"{commit} lost though unchanged: {' '.join(card.words)[:90]}")
    gone = [(guid, card) for guid, card in before.items() if not has[card]]
    for guid, card in after.items():
        if had[card]:
            continue
        named = [old for old, one in gone if card.label and one.label == card.label and one.kind == card.kind]
        likes = sorted(((shared(one.words, card.words), old) for old, one in gone if one.kind == card.kind), reverse=True)[:2]
        if len(named) == 1:
            likes = [(1.0, named[0])]
        if not likes or likes[0][0] < 0.7 or (len(likes) > 1 and likes[1][0] > likes[0][0] - 0.1):
            continue  # no edit, or one that a reader could not tell either
        figures.edited += 1
        if guid == likes[0][1]:
            figures.edited_kept += 1
        else:
            figures.oddities.append(f"{commit} edited, not kept ({likes[0][0]:.2f}): {' '.join(card.words)[:90]}")


def _count_ordinals(figures: Figures, commit: str, known: Ledger, entries: Ledger) -> None:
    for guid in known.keys() & entries.keys():
        old, new = ({each.text: each.ordinal for each in of[guid].phrases if not each.gone} for of in (known, entries))
        for text in old.keys() & new.keys() if entries[guid].live else ():
            figures.phrases += 1
            if old[text] == new[text]:
                figures.phrases_kept += 1
            else:
                figures.oddities.append(f"{commit} c{old[text]} became c{new[text]}: {text[:90]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--folder", default=".", help="folder of the notes in it")
    parser.add_argument("--last", type=int, help="only the last N commits")
    parser.add_argument("--verbose", action="store_true", help="name what was not as expected")
    given = parser.parse_args()
    figures = replay(given.repository.resolve(), given.folder, given.last)

    def share(part: int, whole: int) -> str:
        return f"{part:,} of {whole:,}" + (f" ({100 * part / whole:.2f} %)" if whole else "")

    print(f"{figures.commits:,} commits, {figures.cards:,} cards in the last")
    print(f"unchanged cards that kept their guid  {share(figures.unchanged_kept, figures.unchanged)}")
    print(f"edited cards that kept their guid     {share(figures.edited_kept, figures.edited)}")
    print(f"guids passed to another takeaway      {figures.passed_on:,} of {figures.touched:,} touched")
    print(f"phrases that kept their number        {share(figures.phrases_kept, figures.phrases)}")
    if given.verbose:
        print(*figures.oddities, sep="\n")
    if figures.unchanged != figures.unchanged_kept or figures.passed_on or figures.phrases != figures.phrases_kept:
        sys.exit(1)


if __name__ == "__main__":
    main()

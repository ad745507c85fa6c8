"""Measure what the thresholds of the match rest on: how like an edited card is to itself, and how like to others.

    python benchmarks/likeness.py NOTES…

For every card of the notes, edits of the kinds people make (a typo, a word more, less or other, a sentence more or less,
a reworded label) give its likeness to itself; every other card of its note, and every card of the other notes, gives the
likeness that must not be taken for an edit. Prints both for a row of thresholds.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

from msgspec.structs import replace

from cards.identity.fingerprint import card_key
from cards.identity.similarity import ACROSS, ASK_LENGTH, IN_NOTE, IN_PLACE, TEXT_LENGTH, Features, score
from cards.pipeline.build import look
from cards.vault.config import load

THRESHOLDS = (40, 45, 50, 55, 60, 62, 64, 66, 68, 70, 75, 80, 85, 90)
FILLER = "indeed mostly perhaps early later hidden small great often nearly simple quiet".split()


def typo(words: list[str], draw: random.Random) -> list[str]:
    n = draw.randrange(len(words))
    word = words[n]
    at = draw.randrange(len(word))
    return [*words[:n], word[:at] + draw.choice("aeinrst") + word[at + 1 :], *words[n + 1 :]]


def other_word(words: list[str], draw: random.Random) -> list[str]:
    n = draw.randrange(len(words))
    return [*words[:n], draw.choice(FILLER), *words[n + 1 :]]


def more(words: list[str], draw: random.Random) -> list[str]:
    n = draw.randrange(len(words) + 1)
    return [*words[:n], *draw.sample(FILLER, 2), *words[n:]]


def fewer(words: list[str], draw: random.Random) -> list[str]:
    n = draw.randrange(len(words))
    return [*words[:n], *words[n + 2 :]] or words


def sentence_before(words: list[str], draw: random.Random) -> list[str]:
    return [*draw.sample(FILLER, 5), *words]


def cut_short(words: list[str], draw: random.Random) -> list[str]:
    return words[: max(3, len(words) // 2)]


EDITS = (typo, other_word, more, fewer, sentence_before, cut_short)


def edited(looks: Features, whole: str, draw: random.Random) -> dict[str, Features]:
    """One card after each kind of edit, to the length that the ledger keeps."""
    words = whole.split()
    out = {}
    for edit in EDITS:
        if len(words) >= 3:
            out[edit.__name__] = replace(looks, text=" ".join(edit(words, draw))[:TEXT_LENGTH])
    if looks.ask:
        label = looks.ask.split()
        out["label, a word other"] = replace(looks, ask=" ".join(other_word(label, draw))[:ASK_LENGTH])
        out["label and text"] = replace(
            looks, ask=" ".join(more(label, draw))[:ASK_LENGTH], text=" ".join(other_word(words or label, draw))[:TEXT_LENGTH]
        )
        out["answer rewritten"] = replace(looks, text=" ".join(draw.sample(FILLER, 8)))
    return out


def main(paths: list[str]) -> None:
    draw = random.Random(7)
    cards = look(load(tuple(map(Path, paths)), Path("no-such-folder"), None, None)).cards
    known = [(card.draft.place.note, card.draft.kind, card_key(card.draft).features) for card in cards]
    asks = Counter((note, looks.ask) for note, _, looks in known)
    itself: dict[str, list[float]] = defaultdict(list)
    for note, kind, looks in known:
        once = asks[note, looks.ask] == 1
        for name, other in edited(looks, looks.text, draw).items():
            itself[f"{kind}: {name}"].append(score(looks, other, asked_once=once))
    in_note, across = [], []
    for n, (note, kind, looks) in enumerate(known):
        here = [score(looks, o) for m, (w, k, o) in enumerate(known) if m != n and k == kind and w == note and o != looks]
        far = [score(looks, o) for w, k, o in known if k == kind and w != note and o != looks]
        in_note += [max(here)] if here else []
        across += [max(far)] if far else []
    print(f"{len(cards)} cards of {len({note for note, *_ in known})} notes")
    print(f"thresholds in use: in the same note {IN_NOTE}, alone in its place {IN_PLACE}, from elsewhere {ACROSS}\n")
    print("share of cards at or above the threshold, in %")
    print(f"{'':34}" + "".join(f"{threshold:>6}" for threshold in THRESHOLDS))
    for name, values in [
        *sorted(itself.items()),
        ("NOT ITSELF, likest in its note", in_note),
        ("NOT ITSELF, likest elsewhere", across),
    ]:
        shares = (100 * sum(value >= threshold for value in values) / len(values) for threshold in THRESHOLDS)
        print(f"{name:34}" + "".join(f"{share:6.1f}" for share in shares))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])

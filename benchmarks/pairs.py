"""Judge the match of cards by pairs of takeaways on which a careful reader has decided: one card edited, or a new fact.

    python benchmarks/pairs.py [FILE] [--show]

Each pair of `pairs.toml` stands in a small note among three unrelated takeaways, before and after: between the same two, or
elsewhere in the note. A pair of one card is kept if each kind of card that both have keeps a guid; a pair of two facts passes
wrongly if any guid of the one goes to the other. Prints both by kind and by language. Exits with 0 if nothing passes wrongly
and at least 95 % are kept, else with 1; with 2 where the file is not as it should be.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct, ValidationError, convert

import cards

FILE = Path(__file__).parent / "pairs.toml"
LEAST_KEPT = 95.0  # percent of the pairs of one card
NEIGHBOURS = (
    "- **Harbour bell:** it rings **twice before fog** while the pilots are still asleep.",
    "- **Quilting circle:** they meet **on alternate Thursdays** above the bakery.",
    "- **Zinc roof:** a sheet of it outlives **three layers of tar paper** on any barn.",
)
SECOND = 1_800_000_000  # the time of both builds, in seconds since 1970

_Guids = dict[str, set[str]]  # of a takeaway's cards, by kind of card


class Pair(Struct, frozen=True, forbid_unknown_fields=True):
    """Two takeaways in Markdown; `same` is the reader's verdict, `place` that of the second beside the first."""

    kind: str
    language: str
    same: bool
    before: str
    after: str
    place: Literal["same", "other"] = "same"


class Pairs(Struct, frozen=True, forbid_unknown_fields=True):
    """Pairs as the file has them, one table each."""

    pair: list[Pair]


class Judged(NamedTuple):
    """Pair, and whether the library agrees with its reader."""

    pair: Pair
    right: bool


def judge(pair: Pair) -> Judged:
    """Build the two notes of a pair, one upon the ledger of the other. Raises a ValueError if no kind of card is in both."""
    later = 1 if pair.place == "same" else len(NEIGHBOURS)
    before, ledger = _build(pair.before, 1, cards.Ledger())
    after, _ = _build(pair.after, later, ledger)
    both = before.keys() & after.keys()
    if not both:
        raise ValueError(f"no kind of card is in both: {pair.before!r} and {pair.after!r}")
    shared = [bool(before[kind] & after[kind]) for kind in both]
    return Judged(pair, all(shared) if pair.same else not any(shared))


def _build(takeaway: str, at: int, ledger: cards.Ledger) -> tuple[_Guids, cards.Ledger]:
    """Build a takeaway behind the first `at` neighbours; return its guids and the ledger."""
    text = "\n".join([*NEIGHBOURS[:at], takeaway, *NEIGHBOURS[at:]]) + "\n"
    note = cards.parse(text, "Pairs.md")
    made, ledger = cards.assign(note, cards.generate(note).drafts, ledger, now=SECOND)
    guids: _Guids = {}
    for card in made:
        if at < card.draft.place.line <= at + 1 + takeaway.count("\n"):
            guids.setdefault(card.draft.kind, set()).add(card.guid)
    return guids, ledger


def table(judged: Sequence[Judged], head: str, key: Callable[[Pair], str]) -> None:
    """Print how many pairs of each group the library judges as the reader does, in the order of the file."""
    print(f"{head:32}{'pairs':>7}{'right':>7}{'wrong':>7}")
    for group in dict.fromkeys(key(each.pair) for each in judged):
        rights = [each.right for each in judged if key(each.pair) == group]
        print(f"{group:32}{len(rights):7}{sum(rights):7}{len(rights) - sum(rights):7}")
    print()


def show(judged: Sequence[Judged]) -> None:
    """Print each pair on which the library and the reader differ."""
    for pair, right in judged:
        if not right:
            place = "" if pair.place == "same" else ", in another place"
            print(f"{'lost' if pair.same else 'passed'} ({pair.kind}, {pair.language}{place})")
            print(f"{pair.before}\n{pair.after}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=FILE, help="pairs in TOML, by default those beside this script")
    parser.add_argument("--show", action="store_true", help="print each pair on which the library and the reader differ")
    given = parser.parse_args()
    try:
        pairs = convert(tomllib.loads(given.file.read_text(encoding="utf-8")), Pairs).pair
        judged = [judge(pair) for pair in pairs]
    except (OSError, ValueError, ValidationError) as error:
        parser.error(f"{given.file}: {error}")
    table(judged, "kind", lambda pair: f"{'same' if pair.same else 'not same'}: {pair.kind}")
    table(judged, "place of the second", lambda pair: f"{'same' if pair.same else 'not same'}: {pair.place}")
    table(judged, "language", lambda pair: pair.language)
    if given.show:
        show(judged)
    others = [each.right for each in judged if not each.pair.same]
    sames = [each.right for each in judged if each.pair.same]
    wrong = len(others) - sum(others)
    kept = 100 * sum(sames) / len(sames) if sames else 100.0
    print(f"wrong passes  {wrong} of {len(others)}")
    print(f"kept          {kept:.1f} % of {len(sames)}")
    return 0 if not wrong and kept >= LEAST_KEPT else 1


if __name__ == "__main__":
    sys.exit(main())

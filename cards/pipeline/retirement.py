"""A build that would retire much of a deck at once stops: more often than not a setting or a sync is behind it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from cards.identity.ledger import Entry, Ledger
from cards.model import CardsError
from cards.vault.cards_toml import NAME
from cards.vault.config import Config
from cards.vault.naming import top
from cards.vault.scan import FileStat

_MOST = 10  # cards, of decks that lose more than a third of theirs, that may retire at once
_SHOWN = 3  # notes that are named for each reason


def refuse_many(config: Config, known: Ledger, entries: Ledger, notes: Iterable[FileStat]) -> None:
    """Raise CardsError with the notes and settings behind it, if much of `known` is retired in `entries`.

    Much are more than ten living cards of decks that lose more than a third of theirs. `notes` are those of the vault.
    """
    lost = [entry for guid, entry in known.items() if entry.live and not entries[guid].live]
    if len(lost) <= _MOST:
        return
    before = Counter(top(entry.deck) for entry in known.values() if entry.live)
    after = Counter(top(entry.deck) for entry in lost)
    decks = {deck for deck, number in after.items() if 3 * number > before[deck]}
    gone = [entry for entry in lost if top(entry.deck) in decks]
    if len(gone) <= _MOST:
        return
    names = ", ".join(f"“{deck}”" for deck in sorted(decks)[:_SHOWN]) + ("" if len(decks) <= _SHOWN else ", …")
    total = sum(before[deck] for deck in decks)
    present = {note.path: note.size for note in notes}
    kept = Counter(entry.note for entry in entries.values() if entry.live)
    raise CardsError(
        f"this would retire {len(gone):,} of the {total:,} cards in {names}, so nothing was written: "
        f"{'; '.join(_behind(config, gone, present, kept))}. If that is meant, say --retire"
    )


def _behind(config: Config, gone: Iterable[Entry], present: Mapping[str, int], kept: Mapping[str, int]) -> list[str]:
    """What is behind it, the most cards first: a reason, its cards and the names of a few notes."""
    notes: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in gone:
        notes[_reason(config, entry, present, kept)][entry.note] += 1
    said = []
    for reason, cards in sorted(notes.items(), key=lambda each: (-each[1].total(), each[0])):
        names = [path or "a note without a name" for path, _ in sorted(cards.items(), key=lambda each: (-each[1], each[0]))]
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        said.append(f"{reason}: {', '.join(names[:_SHOWN])}{more} ({cards.total():,})")
    return said


def _reason(config: Config, entry: Entry, present: Mapping[str, int], kept: Mapping[str, int]) -> str:
    path = entry.note
    if path not in present:
        try:
            left_out = bool(path) and (config.root / path).is_file()
        except (OSError, ValueError):
            left_out = False
        if not left_out:
            return "notes that are gone"
        return "left out by `include` or `exclude`" if not config.wants(path) else "notes that are not among those given"
    if not present[path]:
        return "notes that are empty"
    if (config.folder_of(path).kinds or config.kinds) not in ("both", entry.kind):
        return f"`kinds` in {NAME} wants no {entry.kind} cards"
    if config.options.sections and not kept[path]:
        return f"no heading is among the `sections` in {NAME}"
    return "takeaways that are gone from notes" if kept[path] else "notes without a card now"

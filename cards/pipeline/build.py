"""Notes → decks on disk: the one sequence, run over all notes or only over those that changed.

The notes are only read. Ledger and decks are written whole or not at all, the ledger first, so a build that dies at any
instant leaves no card that is not remembered, and the next one is right.

A build after a few notes changed reads only them and writes only their decks. The others keep what they have: their cards are
the entries they are in the ledger, and the rows they are in the package on disk. The outcome is that of a whole build, byte for
byte; anything unexpected means that one is run.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import structs

from cards.identity import changes, fingerprint
from cards.identity.changes import Change
from cards.identity.ledger import Entry, Ledger
from cards.model import Card, CardsError, Problem, marked_text
from cards.pipeline import output, state
from cards.pipeline.assemble import Made, MatchedNote, Run, start
from cards.pipeline.decks import Decks, NeedsAllError
from cards.pipeline.load_notes import Progress, no_progress, without_collector
from cards.pipeline.output import Package
from cards.pipeline.report import LISTED, Report, Result, Totals
from cards.pipeline.retirement import refuse_many
from cards.pipeline.state import Changed, Seen
from cards.vault import scan
from cards.vault.config import Config
from cards.vault.naming import file_name, top

_LONGEST_TIME = 11  # digits of a time in seconds: a ledger takes no more
_MOST = 0.25  # of the notes: beyond it a whole build is as quick


def clock() -> int:
    """The second of this run since 1970, from SOURCE_DATE_EPOCH where that is set to seconds (and not to milliseconds)."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    is_second = len(given) < _LONGEST_TIME and given.isdecimal() and given.isascii()
    return max(1, int(given) if is_second else int(time.time()))  # 0 would be that of no retired card


def build(
    config: Config,
    *,
    dry_run: bool = False,
    new_ledger: bool = False,
    refresh: bool = False,
    retire: bool = False,
    keep_cards: bool = False,
    keep_skipped: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Make the decks, write the ledger, then those that differ from what is on disk.

    With `refresh` cards that are drawn otherwise than they were delivered get a newer `mod`, so that an import replaces them.
    Without `retire` a build that would retire more than ten cards, and more than a third of a deck, is refused.

    `progress` goes over what takes time, with a label, for a bar that shows how far it is. With `keep_cards` or `keep_skipped`
    the report holds all cards, or all that gave none.
    Raises CardsError where nothing could be done: no notes, a damaged or missing ledger, a folder that can't be written, too
    many cards to retire.
    """
    whole = new_ledger or refresh or keep_cards or keep_skipped
    with without_collector(), output.lock(config.out, waiting=not dry_run):
        changed = None if whole else state.changes_since_last_build(config)
        if changed and changed.nothing:
            return changed.last.report()
        if changed and len(changed.changed) + len(changed.gone) <= _MOST * len(changed.tree.notes):
            try:
                return _build(config, dry_run=dry_run, retire=retire, only=changed, progress=no_progress)
            except NeedsAllError:
                pass
        return _build(
            config,
            dry_run=dry_run,
            new_ledger=new_ledger,
            refresh=refresh,
            retire=retire,
            keep_cards=keep_cards,
            keep_skipped=keep_skipped,
            progress=progress,
        )


def _build(
    config: Config,
    *,
    dry_run: bool,
    new_ledger: bool = False,
    refresh: bool = False,
    retire: bool = False,
    keep_cards: bool = False,
    keep_skipped: bool = False,
    only: Changed | None = None,
    progress: Progress,
) -> Report:
    began = time.time_ns()
    known = known_ledger(config, new_ledger=new_ledger)
    run = start(config, known, clock(), progress, only, refresh=refresh)
    if only and run.loaded.may_link:
        raise NeedsAllError
    decks = Decks(config, run, only)
    packages: list[Package] = []
    made: list[_Brief] = []
    cards: list[Card] = []
    for name in decks.names:  # one after another: only one deck's cards are in memory
        new = [each for note in run.decks.get(name, ()) for each in run.make(note, keep=keep_cards)]
        packages.append(decks.package(name, [each.anki for each in new]))
        made += map(_brief, new)
        cards += [each.card for each in new if each.card]
    result = _result(run, made, cards, only, keep_skipped=keep_skipped)
    if only and any(problem.code in state.OPEN for problem in result.problems):
        raise NeedsAllError
    refuse_foreign(config, known, result)
    if not known:
        refuse_empty(config, result)
    if not retire:
        refuse_many(config, known, result.entries, run.tree.notes)
    written, removed = output.write(
        config, packages, decks.file_names, known, result.entries, read=decks.read, dry_run=dry_run, new_ledger=new_ledger
    )
    report = Report(result, decks.all_files(written), removed)
    if not dry_run:
        state.remember(config, _seen(run, only), report, began, only.last.files if only else None)
    return report


def refuse_empty(config: Config, result: Result) -> None:
    """Raise CardsError where there are no notes, and say what was looked for."""
    if result.totals.notes:
        return
    suffixes = " or ".join(scan.NOTE_SUFFIXES)
    chosen = ", as far as `include` and `exclude` in cards.toml leave them" if config.chooses else ""
    folders = ", ".join(str(path.resolve()) for path in config.notes)
    raise CardsError(f"{config.notes[0]}: no Markdown notes here; looked for {suffixes} files{chosen}, in {folders}")


class _Brief(NamedTuple):
    """What is kept of a card once its deck is packed."""

    entry: Entry
    parts: str
    problems: tuple[Problem, ...]


def _brief(made: Made) -> _Brief:
    return _Brief(made.entry, made.parts, made.problems)


# ------------------------------------------------------------------------------------------------------ looking only


def look(config: Config, progress: Progress | None = None, *, keep_notes: bool = False) -> Result:
    """The cards of the notes, and what gave none, as the ledger knows them where it is theirs. Writes nothing but the cache.

    With `progress` clips are cut, else they are only named; with `keep_notes` the result has the notes themselves.
    """
    known = known_ledger(config, new_ledger=True)
    result = collect(config, known, progress=progress, keep_notes=keep_notes)
    refuse_empty(config, result)
    if _is_foreign(config, known, result):
        return collect(config, {}, progress=progress, keep_notes=keep_notes)
    return result


def collect(
    config: Config, known: Ledger, now: int | None = None, progress: Progress | None = None, *, keep_notes: bool = False
) -> Result:
    """Read the notes, make their cards and say who they are to a ledger. Writes nothing but the cache."""
    with without_collector():
        run = start(config, known, clock() if now is None else now, progress, keep_notes=keep_notes)
        made = [each for note in run.notes for each in run.make(note, keep=True)]
    cards = [each.card for each in made if each.card]
    return _result(run, list(map(_brief, made)), cards, keep_skipped=True, waiting=True)


def _result(
    run: Run,
    made: list[_Brief],
    cards: list[Card],
    only: Changed | None = None,
    *,
    keep_skipped: bool = False,
    waiting: bool = False,
) -> Result:
    """The result of a run whose cards are made. With `waiting` its changes include cards that are drawn otherwise now."""
    known, new = run.known, {one.entry.guid: one.entry for one in made}
    entries: dict[str, Entry] = {**known, **new}
    elsewhere: Counter[str] = Counter()
    for guid, entry in known.items():
        if guid in new or not entry.live:
            continue
        if run.scope(entry):
            entries[guid] = changes.retire(entry, run.now)
        elif only is None:
            elsewhere[top(entry.deck)] += 1
    parts = {one.entry.guid: one.parts for one in made}
    drawn = {match.guid: parts[match.guid] for note in run.notes for match in note.found}
    found = tuple(each for each in changes.between(known, entries, drawn) if waiting or each.status != "waiting")
    problems = [*run.problems, *(problem for one in made for problem in one.problems)]
    problems += [
        Problem(
            f"{file_name(deck)}.apkg", 0, "partial", f"{elsewhere[deck]} cards from notes outside this run were left untouched"
        )
        for deck in sorted(elsewhere.keys() & run.decks.keys())
    ]
    if only:
        problems += [each for each in only.last.problems if each.path in only.kept or each.code == "partial"]
    skipped = [each for note in run.notes for each in note.skipped()] if keep_skipped else []
    return Result(
        entries=entries,
        changes=found,
        problems=_once(problems),
        totals=Totals.of(_counts(run, only), len(run.tree.notes)),
        cards=tuple(cards),
        skipped=tuple(sorted(skipped, key=lambda each: (each.note, each.line))),
        notes=tuple(run.loaded.parsed),
        questions=_questions(run, cards, found),
        media=run.files,
    )


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of their notes, each said once, and for all notes that clips need the extra for audio."""
    found = sorted(set(problems))
    audio = next((each for each in found if each.code == "audio"), None)
    return tuple(each for each in found if each.code != "audio" or each is audio)


def _questions(run: Run, cards: Iterable[Card], found: Iterable[Change]) -> dict[str, str]:
    """What the cards ask that changed: of all that were kept, else of the few that a build shows."""
    changed = {each.entry.guid for each in found}
    known = {card.guid: marked_text(card.draft) for card in cards if card.guid in changed}
    wanted = {each.entry.guid for each in found if each.status not in ("new", "retired")} - known.keys()
    if 0 < len(wanted) <= LISTED:
        for note in run.notes:
            if not wanted.isdisjoint(one.guid for one in note.found):
                known |= _questions_of(note, wanted)
    return known


def _questions_of(note: MatchedNote, wanted: set[str]) -> dict[str, str]:
    found = {}
    for draft, rendered, one in zip(note.cards.drafts(), note.cards.rendered(), note.matches, strict=True):
        if one and one.guid in wanted:
            ordinals = fingerprint.ordinals_of(rendered.phrases, one.entry, typed=rendered.typed)
            found[one.guid] = marked_text(fingerprint.with_ordinals(draft, rendered.phrases, ordinals))
    return found


def _counts(run: Run, only: Changed | None) -> dict[str, tuple[int, int]]:
    """How much each note gave: cards, and takeaways without one."""
    kept = {path: (note.cards, note.skipped) for path, note in only.kept.items()} if only else {}
    return {**kept, **{note.path: (len(note.found), note.skipped_count) for note in run.notes}}


def _seen(run: Run, only: Changed | None) -> Seen:
    kept = {path: note.digest for path, note in only.kept.items()} if only else {}
    return Seen(run.tree, {**kept, **run.loaded.digests}, run.loaded.stamps, run.paths, _counts(run, only), run.loaded.linked)


def refuse_foreign(config: Config, known: Ledger, result: Result) -> None:
    """Raise CardsError where the decks in `out` belong to other notes: all their cards would be retired."""
    if _is_foreign(config, known, result):
        raise CardsError(f"{config.out}: these decks belong to the notes in {config.foreign}; choose another folder with -o")


def _is_foreign(config: Config, known: Ledger, result: Result) -> bool:
    """Whether the ledger is of another folder, and few of its cards are found in this one (else it is a copy)."""
    if config.foreign is None:
        return False
    live = [guid for guid, entry in known.items() if entry.live]
    return 2 * sum(result.entries[guid].live for guid in live) < len(live)


def known_ledger(config: Config, *, new_ledger: bool = False) -> dict[str, Entry]:
    """The ledger of a run, with the paths of its notes from the vault's root of today. Raises CardsError."""
    known = output.read_ledger(config.out, new_ledger=new_ledger)
    if not config.rebase:
        return known
    return {
        guid: structs.replace(entry, note=f"{config.rebase}/{entry.note}" if entry.note else "")
        for guid, entry in known.items()
    }

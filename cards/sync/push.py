"""Carry out a plan, look whether Anki has what was planned, and take the last push back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from cards.anki.write_package import export
from cards.model import AnkiNote, CardsError, Deck
from cards.sync import memory
from cards.sync.collection import Collection, NoteInAnki
from cards.sync.memory import LastPush, Memory
from cards.sync.plan import NAMES, RETIRED, Plan, Step
from cards.sync.request import Ask, Request, by_deck, ids

Media = Mapping[str, bytes]


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a push: the guids that Anki has otherwise than planned, and where the backup lies."""

    amiss: tuple[str, ...]
    backup: str


class TakenBack(Struct, frozen=True, kw_only=True):
    """What an undo takes back: the request that does it, how many cards that is, and what stays with the reason, by guid."""

    request: Request
    notes: tuple[AnkiNote, ...]
    size: int
    stays: tuple[tuple[str, str], ...]


def read(ask: Ask, collection: Path, guids: Sequence[str]) -> Collection:
    """The state of a collection. Raises CardsError."""
    answer = ask(Request(collection=str(collection.absolute()), guids=tuple(guids)))
    assert answer.collection is not None
    return answer.collection


def push(ask: Ask, collection: Path, plan: Plan, before: Collection, media: Media, remembered: Path) -> Outcome:
    """Carry out a plan that was made for this state of a collection. Raises CardsError.

    What is needed to take it back is written before, what was delivered after.
    """
    known = memory.load(remembered)
    if not plan.acts:
        if known.delivered != plan.delivered:
            memory.save(remembered, replace(known, delivered=plan.delivered))
        return Outcome(amiss=(), backup="")
    last = _last_push(plan, before, known)
    newest = max([known.newest, *(step.note.mod for step in plan.of("update") if step.note)])
    memory.save(remembered, replace(known, last=last, newest=newest))
    request = _request(collection, plan, before)
    after, backup = _ask(ask, request, [step.note for step in plan.of("add", "update") if step.note], media)
    memory.save(remembered, Memory(delivered=plan.delivered, last=replace(last, backup=backup), newest=newest))
    return Outcome(amiss=tuple(sorted(set(differences(plan, before, after)))), backup=backup)


def _ask(ask: Ask, request: Request, notes: Sequence[AnkiNote], media: Media) -> tuple[Collection, str]:
    """Have a request carried out, with the package of these notes; the collection after it, and the backup before."""
    with TemporaryDirectory(prefix="cards-") as folder:
        if notes:
            package = Path(folder, "push.apkg")
            package.write_bytes(export(Deck("push", tuple(notes)), media))
            request = replace(request, package=str(package))
        answer = ask(request)
    if answer.stale or answer.collection is None:
        raise CardsError(f"{request.collection}: it has changed since it was looked at; nothing was done, push again")
    return answer.collection, answer.backup


def _request(collection: Path, plan: Plan, before: Collection) -> Request:
    notes = before.notes
    retire, resume = plan.of("retire"), plan.of("return")
    return Request(
        collection=str(collection.absolute()),
        guids=tuple(step.guid for step in plan.steps),
        version=plan.version,
        moves=by_deck((step.deck, step.cards) for step in plan.of("move")),
        suspend=tuple(card for step in retire for card in step.cards),
        resume=tuple(card for step in resume for card in step.cards),
        tag=ids(notes, (step.guid for step in retire)),
        untag=ids(notes, (step.guid for step in resume)),
        delete=ids(notes, (step.guid for step in plan.of("delete"))),
        tag_name=RETIRED,
    )


def _last_push(plan: Plan, before: Collection, known: Memory) -> LastPush:
    steps = [step for step in plan.steps if step.acts]
    return LastPush(
        before={step.guid: before.notes[step.guid] for step in steps if step.guid in before.notes},
        after={step.guid: (step.note.fields, step.note.tags) for step in steps if step.note},
        added=tuple(step.guid for step in plan.of("add")),
        moved=tuple((card, step.deck) for step in plan.of("move") for card in step.cards),
        suspended=tuple(card for step in plan.of("retire") for card in step.cards),
        resumed=tuple(card for step in plan.of("return") for card in step.cards),
        retired=tuple(step.guid for step in plan.of("retire")),
        returned=tuple(step.guid for step in plan.of("return")),
        delivered=known.delivered,
    )


# ------------------------------------------------------------------------------------------------ prediction and reality


def differences(plan: Plan, before: Collection, after: Collection) -> Iterator[str]:
    """The guids of notes that are not as a plan says they will be, and of those that it was not to touch."""
    touched = {step.guid for step in plan.steps if step.acts}
    returned = {step.guid for step in plan.of("return")}
    for step in plan.steps:
        there = after.notes.get(step.guid)
        if step.acts and not _is_as_planned(step, there, returned):
            yield step.guid
    for guid, was in before.notes.items():
        now = after.notes.get(guid)
        if guid not in touched and (now is None or replace(now, mod=0) != replace(was, mod=0)):
            yield guid
    yield from (guid for guid in after.notes if guid not in before.notes and guid not in touched)


def _is_as_planned(step: Step, there: NoteInAnki | None, returned: set[str]) -> bool:
    if step.what == "delete" or there is None:
        return step.what == "delete" and there is None
    cards = {card.id: card for card in there.cards}
    match step.what:
        case "move":
            return all(cards[card].deck == step.deck for card in step.cards if card in cards)
        case "retire":
            return RETIRED in there.tags and all(cards[card].suspended for card in step.cards if card in cards)
        case "return":
            return RETIRED not in there.tags and not any(cards[card].suspended for card in step.cards if card in cards)
        case _:
            assert step.note is not None
            wanted = {*step.note.tags} - ({RETIRED} if step.guid in returned else set())
            made = {card.ordinal for card in there.cards}
            return there.fields == step.note.fields and _same(wanted, there.tags) and made >= {*step.note.ordinals}


def _same(tags: set[str], others: Sequence[str]) -> bool:
    return {tag.casefold() for tag in tags} == {tag.casefold() for tag in others}


# ------------------------------------------------------------------------------------------------------------ back


def taking_back(collection: Path, last: LastPush, now: Collection, newest: int) -> TakenBack:
    """What takes a push back from a collection as it is now: what the user has done there since stays, and is named.

    `newest` is the latest `mod` that a push gave a note there.
    """
    stays: list[tuple[str, str]] = []
    delete: list[int] = []
    for guid in last.added:
        there = now.notes.get(guid)
        if there is None:
            continue
        if any(card.reviews for card in there.cards):
            stays.append((guid, "it was reviewed since"))
        elif guid in last.after and there.fields != last.after[guid][0]:
            stays.append((guid, "it was edited since"))
        else:
            delete.append(there.id)
    notes: list[AnkiNote] = []
    for guid, was in last.before.items():
        there = now.notes.get(guid)
        if there is None:
            stays.append((guid, f"it was deleted; the backup has it: {last.backup}"))
        elif guid in last.after:
            restored, edited = _restored(was, there, *last.after[guid])
            if edited:
                stays.append((guid, f"edited since: {', '.join(edited)}"))
            if restored:
                notes.append(replace(restored, mod=max(restored.mod, newest + 1)))
    cards = {card.id: card for note in now.notes.values() for card in note.cards}
    home = {card.id: card.deck for was in last.before.values() for card in was.cards}
    moves = [(home[card], (card,)) for card, deck in last.moved if card in cards and cards[card].deck == deck]
    request = Request(
        collection=str(collection.absolute()),
        guids=tuple({*last.before, *last.added}),
        version=now.version,
        moves=by_deck(moves),
        suspend=tuple(card for card in last.resumed if card in cards and not cards[card].suspended),
        resume=tuple(card for card in last.suspended if card in cards and cards[card].suspended),
        tag=ids(now.notes, last.returned),
        untag=ids(now.notes, last.retired),
        delete=tuple(delete),
        tag_name=RETIRED,
    )
    size = len({*last.before, *last.added} - {guid for guid, _ in stays})
    return TakenBack(request=request, notes=tuple(notes), size=size, stays=tuple(stays))


def _restored(
    was: NoteInAnki, there: NoteInAnki, fields: Sequence[str], tags: Sequence[str]
) -> tuple[AnkiNote | None, list[str]]:
    """A note with the fields that it had before a push gave it others, and the names of those that were edited since."""
    out = list(there.fields)
    edited: list[str] = []
    for n, (old, given, now) in enumerate(zip(was.fields, fields, there.fields, strict=True)):
        if now == given:
            out[n] = old
        elif now != old:
            edited.append(NAMES[n])
    kept = tuple(tag for tag in there.tags if tag not in tags or tag in was.tags)
    back = (*kept, *(tag for tag in was.tags if tag not in kept))
    if tuple(out) == there.fields and {*back} == {*there.tags}:
        return None, edited
    ordinals = tuple(card.ordinal for card in was.cards)
    deck = was.cards[0].deck if was.cards else "Default"
    note = AnkiNote(
        guid=was.guid, kind=was.kind, deck=deck, tags=back, fields=tuple(out), ordinals=ordinals, media=(), mod=there.mod + 1
    )
    return note, edited


def take_back(ask: Ask, back: TakenBack, remembered: Path) -> str:
    """Take a push back; the backup that was made before. Raises CardsError."""
    known = memory.load(remembered)
    backup = ""
    if back.notes or back.request.acts:
        _, backup = _ask(ask, back.request, back.notes, {})
    if known.last:
        newest = max([known.newest, *(note.mod for note in back.notes)])
        memory.save(remembered, Memory(delivered=known.last.delivered, newest=newest))
    return backup

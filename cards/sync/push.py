"""Carry out a plan, look whether Anki has what was planned, and take the last push back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from cards.anki.field_text import gaps_in
from cards.anki.note_types import note_types
from cards.anki.write_package import export
from cards.identity import fingerprint
from cards.model import AnkiNote, CardKind, Deck
from cards.sync import memory
from cards.sync.collection import Collection, Look, NoteInAnki
from cards.sync.looks import check_types, look_of
from cards.sync.memory import LastPush, Memory
from cards.sync.plan import NAMES, RETIRED, Delivered, Plan, Step, is_retired
from cards.sync.request import Ask, NothingDoneError, Request, by_deck, ids

Media = Mapping[str, bytes]


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a push: the guids that Anki has otherwise than planned, what it lacks besides, and where the backup lies."""

    amiss: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    backup: str


class TakenBack(Struct, frozen=True, kw_only=True):
    """What an undo takes back: the request that does it, how many cards that is, and what stays with the reason, by guid."""

    request: Request
    notes: tuple[AnkiNote, ...]
    size: int
    stays: tuple[tuple[str, str], ...]

    @property
    def acts(self) -> bool:
        """Whether it changes anything in Anki."""
        return bool(self.notes) or self.request.acts


def read(ask: Ask, collection: Path, guids: Sequence[str], media: Iterable[str] = ()) -> Collection:
    """The state of a collection, and which of these files it has. Raises CardsError."""
    answer = ask(Request(collection=str(collection.absolute()), guids=tuple(guids), media=tuple(sorted(media))))
    assert answer.collection is not None
    return answer.collection


def push(ask: Ask, collection: Path, plan: Plan, before: Collection, media: Media, remembered: Path) -> Outcome:
    """Carry out a plan that was made for this state of a collection. Raises CardsError.

    What is needed to take it back is written before, what was delivered after.
    """
    known = memory.load(remembered)
    if not plan.acts:
        if (known.delivered, known.looks) != (plan.delivered, plan.delivered_looks):
            memory.save(remembered, replace(known, delivered=plan.delivered, looks=plan.delivered_looks))
        return Outcome(amiss=(), backup="")
    begun = _last_push(plan, before, known)
    if known.begun:
        begun = _joined(known.begun, begun)
    newest = max([known.newest, *(step.note.mod for step in plan.of("update") if step.note)])
    memory.save(remembered, replace(known, begun=begun, newest=newest))
    request = _request(collection, plan, before)
    try:
        notes = [step.note for step in plan.of("add", "update") if step.note]
        after, backup = _ask(ask, request, notes, media, before.types)
    except NothingDoneError:
        memory.save(remembered, known)
        raise
    amiss = tuple(sorted(set(differences(plan, before, after))))
    made = {guid: after.notes[guid] for guid in begun.added if guid in after.notes}
    last = replace(begun, backup=begun.backup or backup, made=made)
    arrived = _arrived(plan, known, amiss)
    memory.save(remembered, Memory(delivered=arrived, last=last, newest=newest, looks=plan.delivered_looks))
    return Outcome(amiss=amiss, lacks=lacking(plan, after), backup=backup)


def looks_delivered_to(known: Memory, collection: Collection) -> Mapping[CardKind, str]:
    """The digests of the looks that were delivered to a collection as it is now, without those that were taken back since."""
    last = known.last
    back = [kind for kind, look in last.looks.items() if _has(collection, kind, look)] if last else []
    return {**known.looks, **{kind: last.delivered_looks.get(kind, "") for kind in back}} if last else known.looks


def _has(collection: Collection, kind: CardKind, look: Look) -> bool:
    return kind in collection.types and collection.types[kind].look == look


def delivered_to(known: Memory, collection: Collection) -> Mapping[str, Delivered]:
    """What was delivered to a collection as it is now, with a push that broke off, without one that is gone."""
    if known.begun is None:
        return known.last.delivered if known.last and _is_gone(known.last, collection) else known.delivered
    came = {}
    for guid, (fields, tags) in known.begun.after.items():
        there, was = collection.notes.get(guid), known.delivered.get(guid)
        if there is None or there.fields != fields:
            continue
        if guid in known.begun.added:
            deck = there.cards[0].deck if there.cards else ""
            came[guid] = Delivered(fingerprint.parts_of(fields, sorted(tags)), tags, deck)
        elif was:  # the tags may be the user's own: those that were delivered before still tell
            came[guid] = replace(was, parts=fingerprint.parts_of(fields, ()))
    return {**known.delivered, **came}


def _is_gone(last: LastPush, collection: Collection) -> bool:
    """Whether a push is gone from the collection, which was restored from a backup, or undone in Anki."""
    if collection.version == last.version:
        return True
    updated = [
        (guid, was.fields) for guid, was in last.before.items() if guid in last.after and was.fields != last.after[guid][0]
    ]
    there = collection.notes
    if any(guid in there for guid in last.added) or any(note.id in (collection.deleted or ()) for note in last.made.values()):
        return False
    if not updated:  # that all its new notes are gone, and none was deleted, tells as well
        return bool(last.added) and collection.deleted is not None
    return all(guid in there and there[guid].fields == fields for guid, fields in updated)


def _arrived(plan: Plan, known: Memory, amiss: Sequence[str]) -> Mapping[str, Delivered]:
    """What counts as delivered after a push: of a card that did not arrive, what was before."""
    ours = {guid: each for guid, each in plan.delivered.items() if guid not in amiss}
    return {**ours, **{guid: known.delivered[guid] for guid in amiss if guid in known.delivered}}


def _joined(first: LastPush, second: LastPush) -> LastPush:
    """One push of one that broke off and the one that goes on: what is taken back is what was before the first."""
    before = {guid: note for guid, note in {**second.before, **first.before}.items() if guid not in first.added}
    return LastPush(
        before=before,
        after={**first.after, **second.after},
        added=tuple(dict.fromkeys((*first.added, *second.added))),
        moved=tuple({**dict(first.moved), **dict(second.moved)}.items()),
        suspended=tuple({*first.suspended, *second.suspended}),
        resumed=tuple({*first.resumed, *second.resumed}),
        retired=tuple({*first.retired, *second.retired}),
        returned=tuple({*first.returned, *second.returned}),
        looks={**second.looks, **first.looks},
        delivered=first.delivered,
        version=first.version,
        delivered_looks=first.delivered_looks,
        backup=first.backup,
    )


def _ask(
    ask: Ask, request: Request, notes: Sequence[AnkiNote], media: Media, held: Iterable[CardKind]
) -> tuple[Collection, str]:
    """Have a request carried out, with the package of these notes; the collection after it, and the backup before.

    `held` are the note types that it has: what becomes of their looks is not for the import to say.
    """
    with TemporaryDirectory(prefix="cards-") as folder:
        if notes:
            package = Path(folder, "push.apkg")
            package.write_bytes(export(Deck("push", tuple(notes)), media, held=held))
            request = replace(request, package=str(package))
        answer = ask(request)
    if answer.stale or answer.collection is None:
        raise NothingDoneError(f"{request.collection}: it has changed since it was looked at; nothing was done, push again")
    return answer.collection, answer.backup


def _request(collection: Path, plan: Plan, before: Collection) -> Request:
    notes = before.notes
    retire, resume = plan.of("retire"), plan.of("return")
    return Request(
        collection=str(collection.absolute()),
        guids=tuple(step.guid for step in plan.steps),
        media=plan.media,
        version=plan.version,
        looks={look.kind: look_of(note_types()[look.kind]) for look in plan.looks if look.what == "update"},
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
        version=plan.version,
        looks={look.kind: before.types[look.kind].look for look in plan.looks if look.what == "update"},
        delivered=delivered_to(known, before),
        delivered_looks=looks_delivered_to(known, before),
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


def lacking(plan: Plan, after: Collection) -> tuple[str, ...]:
    """The names of the note types and files that a plan was to bring, and that Anki lacks after it."""
    brought = (look for look in plan.looks if look.what != "keep")
    looks = [look.name for look in brought if not _has(after, look.kind, look_of(note_types()[look.kind]))]
    return (*looks, *sorted({*plan.media} - after.media))


def _is_as_planned(step: Step, there: NoteInAnki | None, returned: set[str]) -> bool:
    if step.what == "delete" or there is None:
        return step.what == "delete" and there is None
    cards = {card.id: card for card in there.cards}
    match step.what:
        case "move":
            return all(_same({step.deck}, [cards[card].deck]) for card in step.cards if card in cards)
        case "retire":
            return is_retired(there.tags) and all(cards[card].suspended for card in step.cards if card in cards)
        case "return":
            return not is_retired(there.tags) and not any(cards[card].suspended for card in step.cards if card in cards)
        case _:
            assert step.note is not None
            wanted = {tag for tag in step.note.tags if not (step.guid in returned and is_retired([tag]))}
            made = {card.ordinal for card in there.cards}
            return there.fields == step.note.fields and _same(wanted, there.tags) and made >= {*step.note.ordinals}


def _same(names: set[str], others: Sequence[str]) -> bool:
    """Whether these are the same tags or decks, as Anki compares them."""
    return {name.casefold() for name in names} == {name.casefold() for name in others}


# ------------------------------------------------------------------------------------------------------------ back


def taking_back(collection: Path, last: LastPush, now: Collection, newest: int) -> TakenBack:
    """What takes a push back from a collection as it is now: what the user has done there since stays, and is named.

    `newest` is the latest `mod` that a push gave a note there. Raises CardsError where its note types have other fields by now.
    """
    check_types(now)
    delete, stays = _added_since(last, now)
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
                if {card.ordinal for card in there.cards} - {card.ordinal for card in was.cards} - gaps_in(restored.fields[0]):
                    stays.append((guid, "its new gap went, but left an empty card: Tools › Empty Cards"))
    cards = {card.id: card for note in now.notes.values() for card in note.cards}
    found = {card.id: card for was in last.before.values() for card in was.cards}
    moves = [(found[card].deck, (card,)) for card, deck in last.moved if card in cards and _same({deck}, [cards[card].deck])]
    reviewed = {card for card in last.resumed if card in cards and cards[card].reviews != found[card].reviews}
    back = [guid for guid in last.returned if guid in now.notes and not reviewed & {card.id for card in now.notes[guid].cards}]
    stays += [(guid, "it was reviewed since") for guid in last.returned if guid in now.notes and guid not in back]
    request = Request(
        collection=str(collection.absolute()),
        guids=tuple({*last.before, *last.added}),
        version=now.version,
        looks=_former_looks(last, now),
        moves=by_deck(moves),
        suspend=tuple(card for card in last.resumed if card in cards and card not in reviewed and not cards[card].suspended),
        resume=tuple(card for card in last.suspended if card in cards and cards[card].suspended),
        tag=ids(now.notes, back),
        untag=ids(now.notes, last.retired),
        delete=tuple(delete),
        tag_name=RETIRED,
    )
    size = len({*last.before, *last.added} - {guid for guid, _ in stays})
    return TakenBack(request=request, notes=tuple(notes), size=size, stays=tuple(stays))


def _former_looks(last: LastPush, now: Collection) -> dict[CardKind, Look]:
    """The looks that a push changed, as they were; what the user has styled since stays."""
    return {kind: look for kind, look in last.looks.items() if _has(now, kind, look_of(note_types()[kind]))}


def _added_since(last: LastPush, now: Collection) -> tuple[list[int], list[tuple[str, str]]]:
    """Of the notes that a push added, the ids of those nobody has touched, and the others with the reason, by guid."""
    untouched: list[int] = []
    stays: list[tuple[str, str]] = []
    for guid in last.added:
        there, made = now.notes.get(guid), last.made.get(guid)
        if there is None:
            continue
        if any(card.reviews for card in there.cards):
            stays.append((guid, "it was reviewed since"))
        elif guid in last.after and (there.fields != last.after[guid][0] or (made and made.tags != there.tags)):
            stays.append((guid, "it was edited since"))
        elif made and made.cards != there.cards:
            stays.append((guid, "its cards were changed since"))
        else:
            untouched.append(there.id)
    return untouched, stays


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
    back = (*kept, *(tag for tag in was.tags if tag not in tags and tag not in kept))
    if tuple(out) == there.fields and {*back} == {*there.tags}:
        return None, edited
    ordinals = tuple(card.ordinal for card in was.cards)
    deck = was.cards[0].deck if was.cards else "Default"
    note = AnkiNote(
        guid=was.guid, kind=was.kind, deck=deck, tags=back, fields=tuple(out), ordinals=ordinals, media=(), mod=there.mod + 1
    )
    return note, edited


def take_back(ask: Ask, back: TakenBack, known: Memory, remembered: Path) -> str:
    """Take back the push that is known as begun, else as last; the backup that was made before. Raises CardsError."""
    backup = ""
    if back.acts:
        _, backup = _ask(ask, back.request, back.notes, {}, note_types())
    if taken := known.begun or known.last:
        newest = max([known.newest, *(note.mod for note in back.notes)])
        last = known.last if known.begun else None
        memory.save(remembered, Memory(delivered=taken.delivered, newest=newest, looks=taken.delivered_looks, last=last))
    return backup

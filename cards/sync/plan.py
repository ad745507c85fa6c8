"""What a push does, card by card. Pure: the same notes, memory and collection give the same plan.

A field is compared three ways: as it was last delivered, as Anki has it, as the notes give it now. One that only the notes
changed is delivered, one that only the user changed in Anki stays, and one that both changed stays unless the user says so.
Extra, tags of the user's own, flags, due dates and decks that the user chose are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from cards.anki.field_text import gaps_in, words_of
from cards.identity import fingerprint
from cards.identity.fingerprint import FIRST_MOD
from cards.identity.ledger import Entry, Ledger
from cards.model import AnkiNote, CardKind, Fields
from cards.sync.collection import CardInAnki, Collection, NoteInAnki
from cards.sync.looks import Both, LookStep, check_types, plan_looks

RETIRED = "cards::retired"  # the tag of a card whose takeaway is gone
NAMES = Fields._fields
_OURS = NAMES[:6]  # Extra is the user's, ID never changes
_EXTRA = NAMES.index("extra")

Retired = Literal["suspend", "leave", "delete"]
What = Literal["add", "update", "move", "retire", "return", "delete", "keep", "away", "foreign"]


class Delivered(Struct, frozen=True, array_like=True):
    """What a card looked like when it was last delivered to a collection: hashes of its parts, its tags, its deck.

    `suspended` are the ids of its cards that a push suspended, since its takeaway was gone. `ordinals` are those that it came
    with; none where a deck brought it.
    """

    parts: str
    tags: tuple[str, ...]
    deck: str
    suspended: tuple[int, ...] = ()
    ordinals: tuple[int, ...] = ()


class Step(Struct, frozen=True, kw_only=True):
    """What a push does with one card.

    add        a new note
    update     `changed` fields are delivered
    keep       nothing is delivered, since the user edited what the notes changed, or all that differs
    move       its cards go to `deck`
    retire     its takeaway is gone: its cards are suspended and tagged
    return     its takeaway is back: they are neither any more
    delete     its note is deleted, with its cards; their reviews stay in the log
    away       the user deleted it in Anki: it stays away
    foreign    a note of another type has its guid: it is left alone

    `kept` are fields that the user edited in Anki and that stay, `both` are those among them that the notes changed as well.
    `note` is the note as it is to be, `cards` are the ids of the cards in Anki that the step is about.
    """

    guid: str
    what: What
    text: str = ""
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    deck: str = ""
    note: AnkiNote | None = None
    cards: tuple[int, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether the step changes anything in Anki."""
        return self.what not in ("keep", "away", "foreign")


class Plan(Struct, frozen=True, kw_only=True):
    """The steps of a push into a collection of this `version`, and what is remembered as delivered after it.

    `looks` are the steps for the note types, `delivered_looks` the digests that are remembered of them. `media` are the names
    of the files that Anki lacks.
    """

    version: int
    steps: tuple[Step, ...]
    delivered: Mapping[str, Delivered]
    looks: tuple[LookStep, ...] = ()
    delivered_looks: Mapping[CardKind, str] = {}
    media: tuple[str, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether a push changes anything in Anki."""
        return any(step.acts for step in self.steps) or any(look.what == "update" for look in self.looks)

    def of(self, *kinds: What) -> list[Step]:
        """The steps of these kinds."""
        return [step for step in self.steps if step.what in kinds]


def plan(
    notes: Sequence[AnkiNote],
    ledger: Ledger,
    collection: Collection,
    delivered: Mapping[str, Delivered],
    *,
    both: Both = "keep",
    retired: Retired = "suspend",
    newest: int = 0,
    looks: Mapping[CardKind, str] | None = None,
) -> Plan:
    """Say what a push of these notes does. `ledger` is the one that knows them, `delivered` what this collection got before.

    `newest` is the latest `mod` that a push gave a note there: an import takes only what is newer. `looks` are the digests of
    the looks that it delivered there.

    Raises CardsError where the note types in Anki have other fields or templates than ours: an import would add second ones.
    """
    check_types(collection)
    steps: list[Step] = []
    known: dict[str, Delivered] = {}
    for note in notes:
        there, last = collection.notes.get(note.guid), delivered.get(note.guid)
        if note.guid in collection.foreign or (there and there.kind != note.kind):
            steps.append(Step(guid=note.guid, what="foreign", text=words_of(note.fields[0])))
        elif there is None:
            what: What = "away" if last else "add"  # delivered once, and not there: the user deleted it
            steps.append(Step(guid=note.guid, what=what, text=words_of(note.fields[0]), note=note, deck=note.deck))
            known[note.guid] = last or _delivered(note, note.fields, note.tags)
        else:
            found, known[note.guid] = _brought(note, there, last, ledger.get(note.guid), both, newest)
            steps += found
    known.update((guid, each) for guid, each in delivered.items() if guid not in known and guid in ledger)
    if retired != "leave":
        for step in _retired(ledger, collection, {note.guid for note in notes}, delivered, delete=retired == "delete"):
            steps.append(step)
            if step.what == "delete":
                known.pop(step.guid, None)  # else it would be away for good when its takeaway is back
            else:
                base = delivered.get(step.guid) or _unremembered(ledger[step.guid], collection.notes[step.guid])
                known[step.guid] = replace(base or Delivered("", (), ""), suspended=step.cards)
    look_steps, delivered_looks = plan_looks({note.kind for note in notes}, collection, looks or {}, both)
    return Plan(
        version=collection.version,
        steps=tuple(steps),
        delivered=known,
        looks=look_steps,
        delivered_looks=delivered_looks,
        media=_lacking(steps, collection),
    )


def _brought(
    note: AnkiNote, there: NoteInAnki, last: Delivered | None, entry: Entry | None, both: Both, newest: int
) -> tuple[list[Step], Delivered]:
    """The steps that bring a note of Anki's to where its takeaway is, and what counts as delivered then."""
    merged, known = _merged(note, there, last or _unremembered(entry, there), both, newest)
    steps = [each for each in (merged, _moved(note, there, last), _returned(note, there, last)) if each]
    if last and any(card.filtered for card in there.cards):
        known = replace(known, deck=last.deck)  # it moves when it is back from the filtered deck
    return steps, known


def _lacking(steps: Iterable[Step], collection: Collection) -> tuple[str, ...]:
    """The files of the notes that are delivered, and that the collection lacks."""
    return tuple(sorted({name for step in steps if step.note and step.acts for name in step.note.media} - collection.media))


def _unremembered(entry: Entry | None, there: NoteInAnki) -> Delivered | None:
    """What a deck delivered, for a card that no push is known to have brought: its tags and its deck are not known.

    None where Anki may have an earlier version of it, edited or not: the takeaway has changed since Anki's note has.
    """
    if there.mod == FIRST_MOD:  # as a new card comes: nobody has touched it
        return Delivered(fingerprint.parts_of(there.fields, sorted(there.tags)), (), "")
    return Delivered(entry.parts, (), "") if entry and entry.parts and there.mod > entry.mod else None


def _delivered(note: AnkiNote, fields: Sequence[str], tags: Iterable[str]) -> Delivered:
    return Delivered(fingerprint.parts_of(fields, note.tags), tuple(sorted(tags)), note.deck, ordinals=note.ordinals)


def _merged(
    note: AnkiNote, there: NoteInAnki, base: Delivered | None, both: Both, newest: int
) -> tuple[Step | None, Delivered]:
    """The step that brings a note up to date, and what of it counts as delivered then."""
    was, has = base.parts if base else "", fingerprint.parts_of(there.fields, sorted(there.tags))
    new = fingerprint.parts_of(note.fields, note.tags)
    fields = list(note.fields)
    fields[_EXTRA] = there.fields[_EXTRA]
    changed: list[str] = []
    kept: list[str] = []
    conflicts: list[str] = []
    parts = {name: fingerprint.part(new, name) for name in fingerprint.PARTS}
    clashes = _clashes(note, there, base)
    for n, name in enumerate(_OURS):
        old, theirs, ours = (fingerprint.part(text, name) for text in (was, has, new))
        if theirs == ours:
            continue
        if theirs == old or (both == "ours" and ours != old and not (clashes and n == 0)):
            changed.append(name)
            continue
        fields[n] = there.fields[n]
        kept.append(name)
        if ours != old and words_of(there.fields[n]) != words_of(note.fields[n]):  # an edit that came back to the note is one
            conflicts.append(name)
            parts[name] = ours if both == "theirs" else old or parts[name]
    tags = _tags(note, there, base, was, has)
    if {*tags} != {*there.tags}:
        changed.append("tags")
    told = "".join(parts[name] for name in fingerprint.PARTS)
    ordinals = base.ordinals if base and clashes else note.ordinals
    known = Delivered(told, tuple(sorted(note.tags)), note.deck, ordinals=ordinals)
    wanted = tuple(n for n in note.ordinals if note.kind == "qa" or n in gaps_in(fields[0]))
    missing = {*wanted} - {card.ordinal for card in there.cards}
    if not (changed or kept or missing):
        return None, known
    merged = replace(note, fields=tuple(fields), tags=tags, ordinals=wanted, mod=max(there.mod + 1, newest + 1, note.mod))
    delivers = bool(changed or missing)
    step = Step(
        guid=note.guid,
        what="update" if delivers else "keep",
        text=words_of(note.fields[0]),
        changed=(*changed, *(["cards"] if missing else [])),
        kept=tuple(kept),
        both=tuple(conflicts) if both == "keep" or clashes else (),
        note=merged if delivers else None,
    )
    return step, known


def _clashes(note: AnkiNote, there: NoteInAnki, base: Delivered | None) -> bool:
    """Whether a new gap of the notes' has the number of one that the user made in Anki, whose reviews it would take over."""
    new = {*note.ordinals} - {*base.ordinals} if base and base.ordinals else set()
    return note.kind == "cloze" and bool(new & {card.ordinal for card in there.cards})


def _tags(note: AnkiNote, there: NoteInAnki, base: Delivered | None, was: str, has: str) -> tuple[str, ...]:
    """The tags of a note: the user's own stay, ours that are gone from the note go, those that are new come."""
    known = {tag.casefold() for tag in base.tags} if base else set()
    if base and not base.tags and fingerprint.part(was, "tags") == fingerprint.part(has, "tags"):
        known = {tag.casefold() for tag in there.tags}  # a deck delivered exactly these
    ours = {tag.casefold() for tag in note.tags}
    kept = [tag for tag in there.tags if tag.casefold() not in known - ours]
    held = {tag.casefold() for tag in kept}
    # one of ours that the user took off stays off
    new = [tag for tag in note.tags if tag.casefold() not in held and tag.casefold() not in known]
    return tuple(sorted((*kept, *new), key=str.casefold))


def _moved(note: AnkiNote, there: NoteInAnki, last: Delivered | None) -> Step | None:
    """The move of cards that are still where they were delivered; what the user moved stays there."""
    if last is None or not last.deck or last.deck.casefold() == note.deck.casefold():
        return None
    cards = tuple(card.id for card in there.cards if _is_in(card, last.deck) and not card.filtered)
    return Step(guid=note.guid, what="move", text=words_of(note.fields[0]), deck=note.deck, cards=cards) if cards else None


def _is_in(card: CardInAnki, deck: str) -> bool:
    return card.deck.casefold() == deck.casefold()  # as Anki compares names of decks


def is_retired(tags: Iterable[str]) -> bool:
    """Whether a note has the tag of a card whose takeaway is gone. Anki keeps the case that a tag first had."""
    return any(tag.casefold() == RETIRED for tag in tags)


def _returned(note: AnkiNote, there: NoteInAnki, last: Delivered | None) -> Step | None:
    """The return of cards that a push suspended; those that the user had suspended before stay so."""
    if not is_retired(there.tags):
        return None
    ours = tuple(card.id for card in there.cards if card.suspended and (last is None or card.id in last.suspended))
    return Step(guid=note.guid, what="return", text=words_of(note.fields[0]), cards=ours)


def _retired(
    ledger: Ledger, collection: Collection, live: set[str], delivered: Mapping[str, Delivered], *, delete: bool
) -> Iterator[Step]:
    """Cards whose takeaway is gone. Of those that were retired before, the user may want some back."""
    for guid, there in sorted(collection.notes.items()):
        entry = ledger.get(guid)
        if entry is None or entry.live or guid in live:
            continue
        if delete:
            yield Step(guid=guid, what="delete", text=words_of(there.fields[0]), cards=tuple(card.id for card in there.cards))
        elif not is_retired(there.tags) and not (guid in delivered and delivered[guid].suspended):
            open_ = tuple(card.id for card in there.cards if not card.suspended)
            yield Step(guid=guid, what="retire", text=words_of(there.fields[0]), cards=open_)

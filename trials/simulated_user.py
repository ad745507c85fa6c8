"""A person with the real Anki: imports, reviews, edits cards there, and looks what has become of all that."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anki.collection import Collection
from anki.decks import DeckId
from anki.import_export_pb2 import ImportAnkiPackageOptions, ImportAnkiPackageRequest

from cards.identity.fingerprint import changed_parts, parts_of
from cards.identity.ledger import Entry, Ledger

WEEK = 7 * 86400  # seconds
_CARD = "id, nid, ord, did, type, queue, due, ivl, factor, reps, lapses, left, odue, odid, flags"


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What the user changed of a note in Anki, and the time of the card's last change when they did."""

    field: str
    text: str
    tag: str
    mod: int


class User:
    """One collection, for as long as the simulation lasts. `wrong` says what must not be, in sentences."""

    def __init__(self, folder: Path, draw: random.Random, wrong: list[str]) -> None:
        folder.mkdir(parents=True)
        self.path = folder / "collection.anki2"
        self.draw = draw
        self.wrong = wrong
        self.done: Counter[str] = Counter()
        self.reviews: dict[int, tuple[Any, ...]] = {}
        self.owners: dict[int, str] = {}  # guid by card, of those that had reviews
        self.former: dict[int, str] = {}  # the same of cards that the user deleted: their reviews are nobody else's
        self.own: dict[str, OwnWords] = {}
        self.deleted: set[str] = set()  # guids of notes that the user deleted, until an import brings them back
        self.opened: Any = Collection(str(self.path))
        config = self.opened.decks.config_dict_for_deck_id(DeckId(1))
        config["new"]["perDay"] = config["rev"]["perDay"] = 9999
        self.opened.decks.update_config(config)
        self.schema = self._one("select scm from col")

    def _one(self, query: str, *values: object) -> Any:
        return self.opened.db.scalar(query, *values)

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.opened.db.all(query, *values)]

    # ------------------------------------------------------------------------------------------------------ what is done

    def sleep_a_week(self) -> None:
        """Anki counts days from the collection's creation, which moves into the past."""
        self.opened.db.execute("update col set crt = crt - ?", WEEK)
        self.opened.db.execute("update cards set due = due - ? where queue = 1", WEEK)
        self.opened.close()
        self.opened = Collection(str(self.path))

    def take(self, packages: Iterable[Path], known: Ledger, *, merge: bool = False, scheduling: bool = False) -> None:
        """Import packages as the dialog does by default, and look at everything that an import must leave alone."""
        packages = list(packages)
        self.opened.db.execute(f"create temp table before as select {_CARD} from cards")
        newest = {row[0]: row[1] for row in self._all("select guid, mod from notes")}
        for package in packages:
            counts = self._import(package, merge, scheduling)
            if strange := counts.keys() - {"new", "updated", "duplicate"}:
                self.wrong.append(f"import of {package.name}: {strange}")
        if packages and (other := self._import(self.draw.choice(packages), merge, scheduling).keys() - {"duplicate"}):
            self.wrong.append(f"a second import is not without effect: {other}")
        if harmed := self._all(f"select {_CARD} from temp.before except select {_CARD} from main.cards"):
            self.wrong.append(f"an import changed {len(harmed)} cards, the first of them {harmed[0]}")
        self.opened.db.execute("drop table temp.before")
        self.deleted -= {row[0] for row in self._all("select guid from notes")}
        self.look(known, newest)

    def _import(self, package: Path, merge: bool, scheduling: bool) -> Counter[str]:
        options = ImportAnkiPackageOptions(merge_notetypes=merge, with_scheduling=scheduling)
        log = self.opened.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options)).log
        names = ("new", "updated", "duplicate", "conflicting", "empty_first_field", "missing_notetype", "missing_deck")
        counts = Counter({name: len(getattr(log, name)) for name in names})
        self.done["imports"] += 1
        return +counts

    def review(self, decks: int, most: int) -> None:
        """Answer some of what is due, with any grade."""
        everywhere = self.opened.decks.all_names_and_ids()
        for deck in self.draw.sample(everywhere, min(decks, len(everywhere))):
            self.opened.decks.select(deck.id)
            for _ in range(self.draw.randint(1, most)):
                if (card := self.opened.sched.getCard()) is None:
                    break
                card.start_timer()
                self.opened.sched.answerCard(card, self.draw.choices((1, 2, 3, 4), (15, 10, 60, 15))[0])
                self.done["reviews"] += 1
        self.reviews.update(self._reviews(max(self.reviews, default=0)))
        self.owners.update(self._owners())

    def _reviews(self, after: int = 0) -> dict[int, tuple[Any, ...]]:
        return {row[0]: row for row in self._all("select id, cid, ease, ivl, type from revlog where id > ?", after)}

    def _owners(self) -> dict[int, str]:
        query = "select c.id, n.guid from cards c join notes n on n.id = c.nid where c.id in (select cid from revlog)"
        return dict(self._all(query))

    def meddle(self, known: Ledger, now: int) -> None:
        """What people do in Anki beside answering."""
        for kind, share in ((self.edit, 0.6), (self.arrange, 0.4), (self.delete_note, 0.05), (self.empty_cards, 0.04)):
            if self.draw.random() < share:
                kind(known, now)

    def _some_cards(self, most: int) -> list[int]:
        count = self._one("select count() from cards")
        places = [self.draw.randrange(count) for _ in range(self.draw.randint(1, most))] if count else []
        return [self._one("select id from cards order by id limit 1 offset ?", place) for place in sorted(set(places))]

    def edit(self, known: Ledger, now: int) -> None:
        """Add own words to a field and a tag."""
        for card in self._some_cards(3):
            note = self.opened.get_card(card).note()
            if (entry := known.get(note.guid)) is None:
                continue
            field = self.draw.choice(("Extra", "Back" if entry.kind == "qa" else "Back Extra"))
            text, tag = f"my own words of {now}", f"mine{now}"
            note[field] += text
            note.tags.append(tag)
            self.opened.update_note(note)
            self.opened.db.execute("update notes set mod = ? where id = ?", now, note.id)
            self.own[note.guid] = OwnWords(field, text, tag, entry.mod)
            self.done["edits in Anki"] += 1

    def arrange(self, known: Ledger, now: int) -> None:
        """Suspend, bury, flag or move some cards."""
        cards = self._some_cards(4)
        kind = self.draw.choice(("suspended", "buried", "flagged", "moved"))
        if kind == "suspended":
            self.opened.sched.suspend_cards(cards)
        elif kind == "buried":
            self.opened.sched.bury_cards(cards)
        elif kind == "flagged":
            self.opened.set_user_flag_for_cards(self.draw.randint(1, 7), cards)
        else:
            self.opened.set_deck(cards, self.opened.decks.id(f"Mine::{self.draw.randrange(3)}"))
        self.done[kind] += len(cards)

    def delete_note(self, known: Ledger, now: int) -> None:
        cards = self._some_cards(1)
        notes = [self.opened.get_card(card).nid for card in cards]
        for note in notes:
            guid = self.opened.get_note(note).guid
            self.own.pop(guid, None)
            self.deleted.add(guid)
            self._forget(self.opened.card_ids_of_note(note))
        self.opened.remove_notes(notes)
        self.done["notes deleted"] += len(notes)

    def _forget(self, cards: Iterable[int]) -> None:
        for card in cards:
            if card in self.owners:
                self.former[card] = self.owners.pop(card)

    def empty_cards(self, known: Ledger, now: int) -> None:
        """Tools › Empty Cards, which must list gaps that were removed and nothing else."""
        for found in self.opened.get_empty_cards().notes:
            self._explain(found, known)
            self.opened.remove_cards_and_orphaned_notes(list(found.card_ids))
            self._forget(found.card_ids)
            self.done["empty cards removed"] += len(found.card_ids)

    def _explain(self, found: Any, known: Ledger) -> None:
        guid = self._one("select guid from notes where id = ?", found.note_id)
        gone = {each.ordinal for each in known[guid].phrases if each.gone}
        ordinals = {1 + self._one("select ord from cards where id = ?", card) for card in found.card_ids}
        if found.will_delete_note or not ordinals <= gone:
            self.wrong.append(f"{guid}: Empty Cards lists {ordinals}, gone are {gone}")

    # ------------------------------------------------------------------------------------------------------ what is seen

    def _look_at_reviews(self) -> None:
        """That every review ever written is there, as it was."""
        if lost := self.reviews.items() - self._reviews().items():
            self.wrong.append(f"{len(lost)} reviews are lost")

    def look(self, known: Ledger, before: dict[str, int]) -> None:
        """That nothing is lost: reviews, the cards they hang on, own words; and that what changed has arrived."""
        if self._one("select count() from revlog") != len(self.reviews) or self.draw.random() < 0.1:
            self._look_at_reviews()
        owners = self._owners()
        if lost_cards := [card for card, guid in self.owners.items() if owners.get(card) != guid]:
            self.wrong.append(f"{len(lost_cards)} cards with reviews belong to another note, or are gone")
        for card, guid in owners.items():
            if self.former.get(card, guid) != guid:
                self.wrong.append(f"{guid} has the reviews of {self.former.pop(card)}, which the user deleted")
        if self._one("select scm from col") != self.schema:
            self.wrong.append("the schema changed: a full sync")
        if twice := self._all("select guid from notes group by guid having count() > 1"):
            self.wrong.append(f"guids that stand twice: {twice}")
        if bare := self._all("select guid from notes where id not in (select nid from cards)"):
            self.wrong.append(f"notes without cards: {bare}")
        if self._one("select count(distinct mid) from notes") > 2:
            self.wrong.append("a third note type")
        self._own_words_stand(known)
        left_alone = self.own.keys() | self.deleted
        # of another machine's package, what Anki has from a newer one is left as it is
        changed = (guid for guid, entry in known.items() if entry.live and before.get(guid, 0) < entry.mod)
        self._arrived(known, (guid for guid in changed if guid not in left_alone))

    def _own_words_stand(self, known: Ledger) -> None:
        for guid, own in list(self.own.items()):
            if known[guid].mod != own.mod:
                del self.own[guid]  # the takeaway changed
                continue
            note = self.opened.get_note(self._one("select id from notes where guid = ?", guid))
            if own.text not in note[own.field] or own.tag not in note.tags:
                self.wrong.append(f"{guid}: the user's own words are gone")

    def _arrived(self, known: Ledger, guids: Iterable[str]) -> None:
        """That these notes are in Anki as the ledger says that they were told."""
        wanted = set(guids)
        there = (
            {row[0]: row[1:] for row in self._all("select guid, flds, tags from notes") if row[0] in wanted} if wanted else {}
        )
        for guid in sorted(wanted):
            if guid not in there:
                self.wrong.append(f"{guid} is missing in Anki")
            elif not _is_told(known[guid], *there[guid]):
                self.wrong.append(f"{guid} is not in Anki as it should be")

    def finish(self, known: Ledger, packages: Iterable[Path]) -> None:
        """All of it once more: every package again, every note, and Anki's own check."""
        for package in packages:
            counts = self._import(package, False, False)
            if counts.keys() & {"updated", "conflicting"}:
                self.wrong.append(f"the last import of {package.name} changes {dict(counts)}")
        self.deleted.clear()
        self._look_at_reviews()
        self.look(known, {})
        for found in self.opened.get_empty_cards().notes:
            self._explain(found, known)
        said, _ = self.opened.fix_integrity()
        # a note that the user deleted and an import brought back finds its old reviews again
        said = re.sub(r"Added last review time.*\n", "", said) if self.done["notes deleted"] else said
        if said != "Database rebuilt and optimized.":
            self.wrong.append(f"Check Database: {said}")
        self.opened.close()


def _is_told(entry: Entry, fields: str, tags: str) -> bool:
    """Whether a note says what the ledger's hashes say: gaps, answer, stamps and clips.

    Not by its breadcrumb, of which a question may begin with a part, and source, which a later build draws anew without
    delivering them, each machine with the name of its own folder; nor by its tags, which may have another order.
    """
    there = parts_of(fields.split("\x1f"), tags.split())
    told = {"back", "timestamps", "audio", "front"} if entry.kind == "cloze" else {"back", "timestamps", "audio"}
    return not told & set(changed_parts(entry.parts, there))

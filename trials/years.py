"""Ten years of notes, builds, imports and reviews, with the true identity of every takeaway known: what is lost on the way?

    python trials/years.py [--notes 2000] [--edits 20000] [--weeks 520] [--seed 1] [--keep FOLDER]

Every week people edit their notes in the proportions of real vaults, build, import what changed into one real Anki
collection, review, and edit, suspend, flag, move or delete cards there. At random the cache is deleted, the vault's folder gets
another name, the version of Cards rises, and a build is one with `--refresh` or the real command line in a process of its own.
Every quarter two machines edit at once: their notes, decks and ledgers are merged by git, with conflicts in notes and decks,
and each third time without the `.gitattributes` that lets ledgers merge by themselves.

The laws: no review is lost; a card with reviews stays with its Anki note, and that note with its takeaway; a takeaway whose
words did not change keeps its guid, and has one card of a kind; a number passes to no other phrase; an import changes no card
that is there, brings all that changed, leaves the user's own words, does nothing when repeated, and asks for no full sync;
Empty Cards lists gaps that were removed and nothing else; Check Database finds nothing.

Prints each breach when it is found, a line a year, and a table of counts; exits 1 where a law was broken.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cards.identity import ledger_file
from cards.identity.fingerprint import FIRST_MOD
from cards.identity.ledger import Entry, Ledger
from cards.identity.similarity import normal
from cards.model import CardsError
from cards.pipeline import state
from cards.pipeline.build import build
from cards.vault import cache
from cards.vault.config import load
from trials.simulated_notes import Author, Line, Note, Other, Takeaway, Vault, Who, text_of, tidy
from trials.simulated_user import WEEK, User

START = FIRST_MOD + 2 * 86400
HOUR = 3600
YEAR = 52  # weeks


@dataclass
class Memory:
    """What the simulation knows of the cards: whose each guid is, and which guids a takeaway had with which words."""

    wrong: list[str]
    owner: dict[str, Who] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)  # the last words of a guid
    last: dict[Who, frozenset[tuple[str, str]]] = field(default_factory=dict)  # words and guid
    phrases: dict[str, dict[int, str]] = field(default_factory=dict)  # by guid: the text of each number
    forks: set[Who] = field(default_factory=set)  # of two versions that a merge kept either is the card
    done: Counter[str] = field(default_factory=Counter)
    origins: dict[int, int] = field(default_factory=dict)  # what a serial is a copy of
    heirs: set[Who] = field(default_factory=set)  # copies that got the card of what they are a copy of, in the last check
    seen: dict[str, tuple[Note, Entry, tuple[Who, str]]] = field(default_factory=dict)

    def copy(self) -> Memory:
        phrases = {guid: dict(each) for guid, each in self.phrases.items()}
        return replace(self, said=dict(self.said), last=dict(self.last), phrases=phrases, heirs=set(), seen={})

    def join(self, other: Memory) -> None:
        """Two machines' memories after a merge: what either knew may hold."""
        for who, seen in other.last.items():
            self.last[who] = self.last.get(who, frozenset()) | seen
        self.said = {**other.said, **self.said}
        for guid, phrases in other.phrases.items():
            self.phrases[guid] = {**phrases, **self.phrases.get(guid, {})}

    def check(self, entries: Ledger, vault: Vault) -> None:
        """Look at who each card is now, against who it was."""
        now: dict[str, tuple[Who, str]] = {}
        holders: dict[Who, str] = {}
        self.heirs.clear()
        for guid, entry in entries.items():
            if entry.live:
                who, words = now[guid] = self._truth(guid, entry, vault)
                if who in holders:
                    self.wrong.append(f"two cards of {who}: {guid} and {holders[who]}: {words[:80]}")
                holders[who] = guid
        for guid, (who, words) in now.items():
            self._owned(guid, who, words, holders)
            self._numbered(guid, entries[guid])
        for who, guid in holders.items():
            self._kept(who, guid, now)
        for guid, (who, words) in now.items():
            self.said[guid] = words
            self.last[who] = frozenset({(words, guid)})

    def _truth(self, guid: str, entry: Entry, vault: Vault) -> tuple[Who, str]:
        """Who a card truly is; looked up again only where its note is another one."""
        note = vault.notes[entry.note]
        seen = self.seen.get(guid)
        if seen is None or seen[0] is not note or seen[1] != entry:
            seen = self.seen[guid] = (note, entry, vault.card_of(entry, self.owner.get(guid)))
        return seen[2]

    def _are_kin(self, one: Who, other: Who) -> bool:
        """Whether one is the other, or a copy of it."""
        return one.kind == other.kind and self._origin(one.serial) == self._origin(other.serial)

    def _origin(self, serial: int) -> int:
        while serial in self.origins:
            serial = self.origins[serial]
        return serial

    def _owned(self, guid: str, who: Who, words: str, holders: Mapping[Who, str]) -> None:
        owner = self.owner.setdefault(guid, who)
        if owner == who:
            return
        if self.said.get(guid) == words or self._are_kin(owner, who):
            if self.said.get(guid) != words and owner not in holders:
                self.heirs.add(who)
            self.done["passed between equal words"] += 1
        elif owner.kind == who.kind == "list" and self.said[guid].split("  ")[0] == words.split("  ")[0]:
            self.done["same heading, other list"] += 1  # to `match` the same question is the same card
        else:
            self.done["WRONG"] += 1
            self.wrong.append(f"{guid} passed from {owner} to {who}: {self.said.get(guid)!r} → {words!r}")
        self.owner[guid] = who

    def _kept(self, who: Who, guid: str, now: Mapping[str, tuple[Who, str]]) -> None:
        words = now[guid][1]
        before = {(said, each) for said, each in self.last.get(who, ()) if self.owner[each] == who}
        if not before:
            return
        same = {each for said, each in before if said == words}
        if guid in same:
            self.done["unchanged, kept"] += 1
        elif same:
            heirs = [now[each] for each in same if each in now]
            forked = who in self.forks and any(self._are_kin(other, who) for other, _ in heirs)
            if who in self.heirs:  # the card that it was a copy of was deleted, and gave it its history
                self.done["passed to a copy"] += 1
            elif forked or self.said.get(guid) == words or any(said == words for _, said in heirs):
                self.done["passed between equal words"] += 1
            else:
                self.done["unchanged, LOST"] += 1
                self.wrong.append(f"{who} had {same} and has {guid}, though its words are the same: {words[:80]}")
        elif guid in {each for _, each in before} or (self.owner[guid] == who and guid in self.said):
            self.done["edited, kept"] += 1
        else:
            self.done["edited, lost"] += 1

    def _numbered(self, guid: str, entry: Entry) -> None:
        known = self.phrases.setdefault(guid, {})
        here = {normal(each.text): each.ordinal for each in entry.phrases if not each.gone}
        for text, ordinal in here.items():
            old = known.get(ordinal, text)
            if old != text and here.get(old, ordinal) != ordinal:
                self.done["numbers passed"] += 1
                self.wrong.append(f"{guid}: number {ordinal} passed from {old!r} to {text!r}")
            known[ordinal] = text


VERSION = cache.version()


class Machine:
    """A folder of notes and decks under git, and the one who writes there."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self.folder = folder
        self.decks = folder / "decks"
        self.vault = vault
        self.written: dict[str, Note] = {}
        self._read: tuple[tuple[int, int], Ledger] | None = None

    def git(self, *arguments: str, fails: bool = False) -> str:
        who = ("-c", "user.name=years", "-c", "user.email=years@example.org", "-c", "gc.auto=0", "-c", "core.quotepath=off")
        ran = subprocess.run(["git", *who, *arguments], cwd=self.folder, check=not fails, capture_output=True, text=True)
        return ran.stdout

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty")

    def save(self) -> None:
        """Write the notes that are other ones."""
        (self.folder / ".obsidian").mkdir(exist_ok=True)  # so that links back name the vault's folder
        notes = self.vault.notes
        for path in self.written.keys() - notes.keys():
            (self.folder / path).unlink()
        for path, note in notes.items():
            if self.written.get(path) is not note:
                file = self.folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text_of(note), encoding="utf-8")
        self.written = dict(notes)

    def ledger(self) -> Ledger:
        path = self.decks / ledger_file.NAME
        stamp = (path.stat().st_mtime_ns, path.stat().st_size)
        if self._read is None or self._read[0] != stamp:
            self._read = (stamp, ledger_file.load(path.read_text(encoding="utf-8")))
        return self._read[1]

    def packages(self) -> dict[Path, bytes]:
        return {path: hashlib.blake2b(path.read_bytes()).digest() for path in sorted(self.decks.glob("*.apkg"))}


class Years:
    """The simulation."""

    def __init__(self, folder: Path, notes: int, edits: int, weeks: int, seed: int) -> None:
        self.folder, self.notes, self.edits, self.weeks = folder, notes, edits, weeks
        self.draw = random.Random(seed)
        self.author = Author(random.Random(seed + 1))
        self.wrong: list[str] = []  # laws that were broken, in sentences
        self.memory = Memory(self.wrong, origins=self.author.origins)
        self.user = User(folder / "anki", random.Random(seed + 2), self.wrong)
        self.done: Counter[str] = Counter()
        self.imported: dict[str, bytes] = {}
        self.versions = 0
        vault = Vault()
        for _ in range(max(4, notes // 10)):
            self.author.new_note(vault)
        self.home = Machine(folder / "home", vault)
        self.home.folder.mkdir(parents=True)
        self.home.git("init", "-q", "-b", "main")
        self.away: Machine | None = None

    # ---------------------------------------------------------------------------------------------------------- a week

    def run(self) -> bool:
        """All the weeks; whether no law was broken."""
        began = time.monotonic()
        for week in range(self.weeks):
            known = len(self.wrong)
            edits = (week + 1) * self.edits // self.weeks - week * self.edits // self.weeks
            now = START + week * WEEK
            if week % 13 == 7:
                self._week_of_two(week, now, edits)
            else:
                self._write(self.home, week, edits)
                self._build(self.home, now, self.memory)
                self._take(self.home)
            self.user.review(8, 8)
            self.user.meddle(self.home.ledger(), now + 3 * 86400)
            self.user.sleep_a_week()
            self._misfortune()
            self._rename(now + 4 * 86400)
            for each in self.wrong[known:]:
                print(f"week {week}: {each}", flush=True)
            if (week + 1) % YEAR == 0 or week + 1 == self.weeks:
                self._say_year(week, time.monotonic() - began)
        known = len(self.wrong)
        self.user.finish(self.home.ledger(), self.home.packages())
        print(*(f"at the end: {each}" for each in self.wrong[known:]), sep="\n")
        return self._say_all()

    def _write(self, machine: Machine, week: int, edits: int, share: float = 1.0) -> None:
        """The edits of a week, nearly all in a few notes."""
        vault = machine.vault
        due = max(4, self.notes // 10) + (week + 1) * self.notes * 9 // 10 // self.weeks
        recent = list(vault.notes)[-40:]
        desk = [*self.draw.sample(recent, min(4, len(recent))), *self.draw.sample(list(vault.notes), min(5, len(vault.notes)))]
        for _ in range(edits):
            if len(vault.notes) < due and self.draw.random() < 0.5:
                desk.append(self.author.new_note(vault))
            else:
                self.author.edit(vault, desk, week)
        machine.save()

    def _build(self, machine: Machine, now: int, memory: Memory) -> None:
        os.environ["SOURCE_DATE_EPOCH"] = str(now)
        if self.draw.random() < 0.02:
            command = [
                sys.executable,
                "-m",
                "cards",
                "build",
                str(machine.folder),
                "-o",
                str(machine.decks),
                "-q",
                "--jobs",
                "1",
                "--retire",
            ]
            ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if ran.returncode:
                self.wrong.append(f"cards build failed: {ran.stderr[-500:]}")
            self.done["builds by the command"] += 1
        else:
            config = replace(load((machine.folder,), machine.decks, None, None), jobs=1)
            found = state.changes_since_last_build(config)
            kind = "whole" if found is None else "no" if found.nothing else "short"
            self.done[f"{kind} builds, as it seemed"] += 1
            refresh = self.draw.random() < 0.03
            before = machine.ledger() if (machine.decks / ledger_file.NAME).exists() else {}
            build(config, refresh=refresh, retire=True)
            self.done["refreshes"] += refresh
            if not refresh:
                self._delivered_for_a_reason(before, machine.ledger())
        memory.check(machine.ledger(), machine.vault)

    def _delivered_for_a_reason(self, before: Ledger, after: Ledger) -> None:
        """That no card is newer whose takeaway is as it was."""
        for guid, old in before.items():
            new = after[guid]
            if old.live and new.live and old.content == new.content and old.mod != new.mod:
                self.wrong.append(f"{guid} is delivered again, though its takeaway is the same")

    def _rename(self, now: int) -> None:
        """Now and then the vault's folder gets another name, and the build after that delivers nothing."""
        if self.draw.random() >= 0.05:
            return
        self.done["vaults renamed"] += 1
        folder = self.home.folder.rename(self.folder / f"home {self.done['vaults renamed']}")
        self.home.folder, self.home.decks = folder, folder / "decks"
        if self.away is not None:
            self.away.git("remote", "set-url", "origin", str(folder))
        before = {guid: entry.mod for guid, entry in self.home.ledger().items()}
        os.environ["SOURCE_DATE_EPOCH"] = str(now)
        build(replace(load((folder,), self.home.decks, None, None), jobs=1), retire=True)
        if before != {guid: entry.mod for guid, entry in self.home.ledger().items()}:
            self.wrong.append("a renamed vault delivers cards again")

    def _take(self, machine: Machine) -> None:
        """Import the packages that are other ones than those imported last."""
        there = machine.packages()
        fresh_ones = [path for path, digest in there.items() if self.imported.get(path.name) != digest]
        self.imported |= {path.name: there[path] for path in fresh_ones}
        odd = self.draw.random() < 0.1
        self.user.take(fresh_ones, machine.ledger(), merge=odd, scheduling=odd)

    def _misfortune(self) -> None:
        if self.draw.random() < 0.03:
            shutil.rmtree(cache.folder(self.home.decks))
            self.done["caches deleted"] += 1
        if self.draw.random() < 0.02:
            self.versions += 1
            vars(cache)["version"] = lambda: f"{VERSION} and {self.versions}"
            self.done["versions of Cards"] += 1

    # ----------------------------------------------------------------------------------------------------- two machines

    def _week_of_two(self, week: int, now: int, edits: int) -> None:
        """Both machines edit and build; one is merged into the other."""
        home, away = self.home, self._other_machine()
        forgotten = self.done["merges"] % 3 == 1  # the .gitattributes was not committed
        if forgotten:
            self._forget_attributes(home, away)
        theirs = self.memory.copy()
        self._write(home, week, edits // 2)
        self._write(away, week, edits - edits // 2)
        self._edit_the_same(home.vault, away.vault, week)
        home.save()
        away.save()
        self._build(home, now, self.memory)
        self._build(away, now + HOUR, theirs)
        self._take(home)
        if self.draw.random() < 0.5:
            self._take(away)  # the same collection, synced
        if forgotten:
            for machine in (home, away):
                (machine.decks / ".gitattributes").unlink(missing_ok=True)
        home.commit(f"home, week {week}")
        away.commit(f"away, week {week}")
        self._merge(home, away, forgotten)
        self.memory.join(theirs)
        self._build(home, now + 2 * HOUR, self.memory)
        self._take(home)
        home.commit(f"merged, week {week}")
        away.git("pull", "-q", "--ff-only", "origin", "main")
        away.vault = home.vault.copy()
        away.written = dict(home.written)
        self.done["merges"] += 1

    def _other_machine(self) -> Machine:
        """The second machine as it stands beside the first; now and then it is a new one."""
        self.home.commit("as it is")
        if self.away is None or self.draw.random() < 0.1:
            if self.away is not None:
                shutil.rmtree(self.away.folder)
            self.away = Machine(self.folder / f"away {self.done['machines']}", Vault())
            self.folder.joinpath(self.away.folder.name).mkdir()
            self.away.git("clone", "-q", str(self.home.folder), ".")
            self.done["machines"] += 1
        self.away.git("pull", "-q", "--ff-only", "origin", "main")
        self.away.vault = self.home.vault.copy()
        self.away.written = dict(self.home.vault.notes)
        return self.away

    def _forget_attributes(self, home: Machine, away: Machine) -> None:
        if (home.decks / ".gitattributes").exists():
            (home.decks / ".gitattributes").unlink()
            home.commit("no attributes")
            away.git("pull", "-q", "--ff-only", "origin", "main")

    def _edit_the_same(self, ours: Vault, theirs: Vault, week: int) -> None:
        """Both edit the same notes, so that git has something to ask."""
        for path in self.draw.sample(sorted(ours.notes.keys() & theirs.notes.keys()), min(3, len(ours.notes))):
            for vault in (ours, theirs):
                for _ in range(3):
                    self.author.edit(vault, [path], week)

    def _merge(self, home: Machine, away: Machine, forgotten: bool) -> None:
        home.git("fetch", "-q", str(away.folder), "main")
        home.git("merge", "-q", "FETCH_HEAD", "-m", "merged", fails=True)
        for path in dict.fromkeys(line.partition("\t")[2] for line in home.git("ls-files", "-u").splitlines()):
            self._resolve(home, path, forgotten)
        left = Vault(dict(home.vault.notes), [*home.vault.trash, *away.vault.trash], {**away.vault.former, **home.vault.former})
        home.vault = self._read_back(home, left, away.vault)
        home.written = dict(home.vault.notes)
        home.vault.notes |= {path: neat for path, note in home.written.items() if (neat := tidy(note)) != note}
        home.save()

    def _resolve(self, home: Machine, path: str, forgotten: bool) -> None:
        file = home.folder / path
        if path.endswith(".apkg"):
            self.done["conflicts in decks"] += 1
            home.git("checkout", self.draw.choice(("--ours", "--theirs")), "--", path, fails=True)
        elif path.endswith(ledger_file.NAME):
            self.done["conflicts in the ledger"] += 1
            if not forgotten:
                self.wrong.append("the ledger did not merge by itself")
            self._must_refuse(home)
            file.write_text(_resolved(file.read_text(encoding="utf-8"), "both"), encoding="utf-8")
        elif file.exists():
            self.done["conflicts in notes"] += 1
            choice = self.draw.choice(("ours", "theirs", "both"))
            file.write_text(_resolved(file.read_text(encoding="utf-8"), choice), encoding="utf-8")
        home.git("add", "-A", "--", path, fails=True)

    def _must_refuse(self, home: Machine) -> None:
        """A build upon a ledger with conflict markers names the line and writes nothing."""
        before = home.packages()
        try:
            build(replace(load((home.folder,), home.decks, None, None), jobs=1))
            self.wrong.append("a ledger with conflict markers was built upon")
        except CardsError as error:
            if f"{ledger_file.NAME}:" not in str(error) or "conflict" not in str(error):
                self.wrong.append(f"the refusal says {error}")
        if home.packages() != before:
            self.wrong.append("a refused build wrote something")
        self.done["refusals"] += 1

    def _read_back(self, home: Machine, ours: Vault, theirs: Vault) -> Vault:
        """The notes as git left them, each line known by its text."""
        known: dict[str, list[Line]] = {}
        for vault in (ours, theirs):
            for note in vault.notes.values():
                for line in note:
                    if isinstance(line, Takeaway) or line.serial:
                        known.setdefault(line.text, []).append(line)
        used: set[int] = set()
        merged = Vault(trash=[], former=ours.former)
        paths = sorted(path.relative_to(home.folder).as_posix() for path in home.folder.rglob("*.md"))
        # in the order of writing, so that what is recent stays recent
        order = {path: n for n, path in enumerate((*ours.notes, *theirs.notes))}
        for path in sorted(paths, key=lambda each: (order.get(each, 0), each)):
            text = (home.folder / path).read_text(encoding="utf-8")
            own = {line.text: line for vault in (theirs, ours) for line in vault.notes.get(path, ())}
            found = []
            for row in text.removesuffix("\n").split("\n"):
                choices = [*([own[row]] if row in own else []), *known.get(row, ())]
                found.append(self._claimed(choices, used) if choices else Other(row))
            merged.notes[path] = tuple(found)
        for week, path, lines in ours.trash:
            serials = {serial for line in lines for serial in _serials(line)}
            if not serials & used:
                merged.trash.append((week, path, lines))
                used |= serials
        return merged

    def _claimed(self, choices: list[Line], used: set[int]) -> Line:
        """The line with these words that stands nowhere else yet; else one that is kin to it."""
        for line in choices:
            if not _serials(line) & used:
                used |= _serials(line)
                return line
        old = choices[0]
        new = self.author.as_new(old)
        self.memory.forks |= {*_whos(old), *_whos(new)}
        used |= _serials(new)
        return new

    # ------------------------------------------------------------------------------------------------------ what is said

    def _say_year(self, week: int, seconds: float) -> None:
        entries = self.home.ledger()
        live = sum(entry.live for entry in entries.values())
        kept = self.memory.done
        print(
            f"year {week // YEAR + 1:2}: {len(self.home.vault.notes):5,} notes{live:7,} cards {len(entries) - live:5,} retired",
            f"{self.user.done['reviews']:7,} reviews; edited: kept {kept['edited, kept']:6,} lost {kept['edited, lost']:4,}",
            f"WRONG {kept['WRONG']}; laws broken {len(self.wrong)}; {seconds:5,.0f} s",
            flush=True,
        )

    def _say_all(self) -> bool:
        sums = {
            "weeks": self.weeks,
            "notes": len(self.home.vault.notes),
            "edits": sum(self.author.done.values()),
            **{f"  {kind}": number for kind, number in self.author.done.most_common()},
            **dict(sorted(self.done.items())),
            **dict(sorted(self.user.done.items())),
            "reviews in the collection": len(self.user.reviews),
        }
        for name in ("unchanged, kept", "unchanged, LOST", "edited, kept", "edited, lost", "WRONG", "numbers passed"):
            sums[name] = self.memory.done[name]
        for name in ("passed between equal words", "same heading, other list"):
            sums[name] = self.memory.done[name]
        sums["laws broken"] = len(self.wrong)
        print(*(f"{name:32}{number:12,}" for name, number in sums.items()), sep="\n")
        return not self.wrong


def _serials(line: Line) -> set[int]:
    return {serial for _, serial in _whos(line)}


def _whos(line: Line) -> list[Who]:
    """All that a line may be the card of."""
    if isinstance(line, Other):
        return [Who("list", line.serial)] if line.serial else []
    return [Who("qa", line.serial), *(Who("cloze", each.serial) for each in line.sentences)]


def _resolved(text: str, choice: str) -> str:
    """A text without git's conflict markers: `ours`, `theirs` or `both` of each place."""
    kept, side = [], ""
    for line in text.split("\n"):
        if line.startswith("<<<<<<< "):
            side = "ours"
        elif line == "=======" and side:
            side = "theirs"
        elif line.startswith(">>>>>>> ") and side:
            side = ""
        elif not side or choice in (side, "both"):
            kept.append(line)
    return "\n".join(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("--notes", 2000), ("--edits", 20000), ("--weeks", 520), ("--seed", 1)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--keep", type=Path, help="an empty folder to leave everything in")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="years-") as scratch:
        folder = (given.keep or Path(scratch)).resolve()
        fine = Years(folder, given.notes, given.edits, given.weeks, given.seed).run()
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()

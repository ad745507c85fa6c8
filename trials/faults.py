"""Do to builds what happens to them in years, and see that nothing is lost: after SQLite's and git's own fault tests.

    python trials/faults.py [--kills 300] [--seed 1] [--only KIND]… [--short]

Kinds, each against the real command or, where a fault is put into a system call, a forked copy of it:

    kill        SIGKILL to all of a build's processes at random instants; first builds, short and whole ones, two processes
    orphans     SIGKILL to the first process alone: the others must end by themselves
    call        the n-th call that opens, makes, writes, syncs, renames or removes a file fails (EIO, ENOSPC) or is the last
                thing that the process does, for every n until the build succeeds
    disk        a small tmpfs with little room left (needs the right to mount), and a limit on the size of files
    permission  the folder of the decks, or what is in it, is closed at the n-th call, for every n
    note        a note is cut, emptied, replaced, lengthened, removed, and put back or not: before its n-th opening, while it
                is read, and after
    many        eight builds at once over one vault, while a note changes
    ledger      a small ledger cut at every byte, every byte another one, lines removed, doubled, exchanged, conflict markers
    cache       bytes of the files in `.cache` are others, or missing

After each fault: the ledger is the old one or the new one, byte for byte; so is each deck, which opens, is sound and holds no
card that the ledger does not know; the notes are untouched; and the next build makes exactly what an undisturbed one would have
made, and leaves no other file. Prints a table of counts, and exits 1 where any of that was not so.
"""

from __future__ import annotations

import argparse
import builtins
import errno
import hashlib
import io
import itertools
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

from cards import cli
from cards.anki import read_package
from cards.identity import ledger, ledger_file
from cards.model import CardsError
from cards.pipeline import state
from cards.pipeline.output import read_ledger
from cards.vault import cache as caches

NOBODY = 65534
BEFORE, AFTER = "1800000000", "1800000999"  # SOURCE_DATE_EPOCH of the old decks, and of all builds after

State = dict[str, bytes]


# ------------------------------------------------------------------------------------------------------------- counting


@dataclass
class Counts:
    """What one kind of fault left behind. `refused`: the build said what is wrong, exited 2 and wrote nothing."""

    kind: str
    tried: int = 0
    left: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("old", "new", "mixed", "refused"), 0))
    violations: list[str] = field(default_factory=list)

    def add(self, outcome: str, violations: Sequence[str], what: str) -> None:
        self.tried += 1
        self.left[outcome] += 1
        self.violations += [f"{self.kind}, {what}: {each}" for each in violations]


def line_of(row: Counts) -> str:
    return f"{row.kind:46}{row.tried:8,}" + "".join(f"{n:9,}" for n in (*row.left.values(), len(row.violations)))


HEAD = f"{'':46}{'tried':>8}" + "".join(f"{name:>9}" for name in ("old", "new", "mixed", "refused", "wrong"))


# ------------------------------------------------------------------------------------------------------------ the world


def takeaways(deck: int, note: int) -> str:
    return (
        f"- **Depth {deck}-{note}:** four fathoms at **the buoy {deck}-{note}** in the outer bay ![[a.png]]\n"
        f"- the tide of day {deck}{note} carries **the salt {deck}-{note}** to **each coast** of the land\n"
        f"- **same in all:** the very **same words in many** notes of it\n"
    )


def make_vault(vault: Path, decks: int, notes: int) -> None:
    for deck, number in itertools.product(range(decks), range(notes)):
        path = vault / f"Deck {deck}" / f"Note {number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(takeaways(deck, number), encoding="utf-8")
    (vault / "a.png").write_bytes(b"\x89PNG not really")


def edit_one(vault: Path) -> None:
    """One note: a text changed, a phrase more, a takeaway new."""
    path = vault / "Deck 0" / "Note 0.md"
    text = path.read_text(encoding="utf-8").replace("four fathoms", "**five good fathoms** deep").replace("coast", "shore")
    path.write_text(f"{text}- **New:** a thing of **no small weight** in all of it\n", encoding="utf-8")


def edit_many(vault: Path) -> None:
    """A deck that loses all its cards to a new one, cards that retire, others that change."""
    edit_one(vault)
    (vault / "Deck 1").rename(vault / "Deck one")
    (vault / "Deck 2" / "Note 0.md").unlink()
    extra = vault / "Deck 3" / "Note 1.md"
    extra.write_text(extra.read_text(encoding="utf-8").replace("bay", "wide bay"), encoding="utf-8")


def aged(vault: Path, seconds: int) -> None:
    """As if last saved so long ago, so that a time says all."""
    now = time.time()
    for path in vault.rglob("*"):
        if path.is_file() and path.stat().st_mtime > now - 100:
            os.utime(path, (now - seconds, now - seconds))


def files_in(out: Path) -> State:
    """What lies in the folder of the decks, the cache aside."""
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()} if out.is_dir() else {}


class World:
    """A vault that was edited, the decks as they were before, and what an undisturbed build makes of them."""

    def __init__(
        self,
        folder: Path,
        *,
        decks: int = 4,
        notes: int = 5,
        edit: Callable[[Path], None] = edit_one,
        first: bool = False,
        cache: bool = True,
        options: Sequence[str] = (),
        out: Path | None = None,
        owner: int | None = None,
    ) -> None:
        self.folder, self.vault, self.out, self.saved = folder, folder / "vault", out or folder / "decks", folder / "saved"
        self.cache, self.saved_cache = folder / "cache", folder / "saved cache"
        self.arguments = ["build", str(self.vault), "-o", str(self.out), "-q", *options]
        self.owner, self.first = owner, first
        make_vault(self.vault, decks, notes)
        aged(self.vault, 1000)
        self._own()
        if not first:
            code, said = self.build(BEFORE)
            assert code == 0, said
            edit(self.vault)
            aged(self.vault, 500)
            if not cache:
                shutil.rmtree(caches.folder(self.out))
            shutil.copytree(self.out, self.saved)
            shutil.copytree(self.cache, self.saved_cache)
        self.old = files_in(self.out)
        self._own()
        code, said = self.build()
        assert code == 0, said
        self.new = files_in(self.out)
        self.notes = self.fingerprint()
        assert self.old != self.new
        assert not problems_of(self.new)

    def _own(self) -> None:
        os.environ[caches.HOME] = str(self.cache)
        self.cache.mkdir(exist_ok=True)
        if self.owner is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.owner, self.owner)

    def restore(self) -> None:
        """The decks and the cache as they were before, times included."""
        for path in (self.out, self.cache):
            if path.exists():
                shutil.rmtree(path)
        if not self.first:
            shutil.copytree(self.saved, self.out)
            shutil.copytree(self.saved_cache, self.cache)
        self._own()

    def fingerprint(self) -> str:
        found = [(str(p), p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(self.vault.rglob("*")) if p.is_file()]
        return hashlib.sha256(repr(found).encode()).hexdigest()

    def build(self, epoch: str = AFTER, fault: Callable[[], Any] | None = None) -> tuple[int, str]:
        """A build in a forked copy of this process, as the owner, with a fault put in place first; exit code and words."""

        def work() -> None:
            os.chdir(ROOT)
            os.environ["SOURCE_DATE_EPOCH"] = epoch
            if self.owner is not None:
                os.setgroups([])
                os.setgid(self.owner)
                os.setuid(self.owner)
            if fault:
                fault()
            cli.main(self.arguments)

        return forked(work)

    def start(self) -> subprocess.Popen[bytes]:
        """The real command, in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "cards", *self.arguments],
            cwd=ROOT,
            env={**os.environ, "SOURCE_DATE_EPOCH": AFTER},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def duration(self) -> float:
        """Seconds that an undisturbed build takes, start to end."""
        self.restore()
        began = time.monotonic()
        self.start().communicate()
        return time.monotonic() - began

    def left(self, *, killed: bool = False) -> tuple[str, list[str]]:
        """What a fault left: old, new, or some files of each; and what is against the laws."""
        now = files_in(self.out)
        found = problems_of(now)
        unfinished = [name for name in now if name.startswith(".cards-")]
        if unfinished and not killed:
            found.append(f"left {unfinished}")
        now = {name: content for name, content in now.items() if name not in unfinished}
        for name in sorted(now.keys() | self.old.keys() | self.new.keys()):
            if now.get(name) not in (self.old.get(name), self.new.get(name)):
                found.append(f"{name} is neither the old nor the new one")
        if self.fingerprint() != self.notes:
            found.append("a note was touched")
        return ("old" if now == self.old else "new" if now == self.new else "mixed"), found

    def next(self) -> list[str]:
        """What is wrong after the next build, which is not disturbed."""
        code, said = self.build()
        found = [] if code == 0 else [f"the next build exits {code}: {said.strip()[-300:]}"]
        now = files_in(self.out)
        if now != self.new:
            names = sorted(name for name in now.keys() | self.new.keys() if now.get(name) != self.new.get(name))
            found.append(f"the next build is another one in {names}")
        if ledger_file.NAME in self.old and (lost := guids_of(self.old) - guids_of(now)):
            found.append(f"guids are lost: {sorted(lost)}")
        if strays := [str(path) for path in caches.folder(self.out).rglob(".cards-*")]:
            found.append(f"left {strays}")
        return found


def forked(work: Callable[[], None]) -> tuple[int, str]:
    """Do something in a child; its exit code (negative: the signal) and what it printed."""
    sys.stdout.flush()
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if not pid:
            leave = os._exit
            code: Any = 0
            try:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
                work()
            except SystemExit as error:
                code = error.code or 0
            except BaseException:
                traceback.print_exc()
                code = 70
            finally:
                with suppress(OSError):
                    sys.stdout.flush()
                    sys.stderr.flush()
                leave(code if isinstance(code, int) else 70)
        _, status = os.waitpid(pid, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(status), said.read().decode(errors="replace")


def guids_of(state: State, *, live: bool = False) -> set[str]:
    """The guids that a ledger knows."""
    return {guid for guid, one in ledger_file.load(state[ledger_file.NAME].decode()).items() if one.live or not live}


def problems_of(state: State) -> list[str]:
    """What is wrong with a ledger and decks, whatever they are to hold."""
    found = []
    known: ledger.Ledger = {}
    if ledger_file.NAME in state:
        try:
            known = ledger_file.load(state[ledger_file.NAME].decode())
        except (CardsError, UnicodeDecodeError) as error:
            return [f"the ledger is damaged: {error}"]
    for name, content in state.items():
        if name.endswith(".apkg"):
            try:
                held = cards_in(content)
            except Exception as error:
                found.append(f"{name} is damaged: {error}")
                continue
            if unknown := held - known.keys():
                found.append(f"{name} holds cards that the ledger does not know: {sorted(unknown)[:3]}")
    return found


def cards_in(content: bytes) -> set[str]:
    """The guids of a deck that is whole and sound."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        if bad := opened.testzip():
            raise ValueError(f"{bad} is broken")
        database = sqlite3.connect(":memory:")
        database.deserialize(opened.read("collection.anki2"))
    (sound,) = database.execute("pragma integrity_check").fetchone()
    if sound != "ok":
        raise ValueError(sound)
    guids = {guid for (guid,) in database.execute("select guid from notes")}
    database.close()
    return guids


def said_well(code: int, said: str) -> list[str]:
    """What is wrong with how a build ended: one that fails says so in a sentence."""
    found = [] if code in (0, 2) else [f"exit code {code}"]
    if "Traceback" in said or (code == 2 and "error: " not in said.lower()):
        found.append(f"no sentence: {said.strip()[-600:]}")
    return found


# -------------------------------------------------------------------------------------------------------------- killing


def kill(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    draw = random.Random(given.seed)
    large = {"notes": 40, "options": ("--jobs", "2")}  # enough for a second process
    kinds: dict[str, tuple[int, dict[str, Any]]] = {
        "kill, a first build": (15, {"first": True}),
        "kill, a first build, two processes": (15, {"first": True, **large}),
        "kill, one note changed": (20, {}),
        "kill, one note changed, no cache": (15, {"cache": False}),
        "kill, decks come and go": (15, {"edit": edit_many, "decks": 8}),
        "kill, decks come and go, no cache": (10, {"edit": edit_many, "decks": 8, "cache": False}),
        "kill, one note changed, no cache, two processes": (10, {"cache": False, **large}),
    }
    for number, (name, (share, settings)) in enumerate(kinds.items()):
        if given.short and number not in (0, 4):
            continue
        world = World(fresh_folder(work, f"kill{number}"), **settings)
        counts = Counts(name)
        lasts = world.duration()
        for _ in range(max(1, given.kills * share // 100)):
            world.restore()
            # all of the build's time, and half of them in its second half, where files are written
            after = draw.uniform(0, lasts) if draw.random() < 0.5 else draw.uniform(lasts / 2, lasts)
            process = world.start()
            time.sleep(after)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            outcome, found = world.left(killed=True)
            counts.add(outcome, [*found, *world.next()], f"after {after:.3f} s of {lasts:.3f}")
        yield counts


def orphans(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    draw = random.Random(given.seed)
    world = World(fresh_folder(work, "orphans"), first=True, notes=80, options=("--jobs", "2"))
    counts = Counts("the first process alone is killed")
    lasts = world.duration()
    for _ in range(1 if given.short else max(5, given.kills // 20)):
        world.restore()
        process = world.start()
        time.sleep(draw.uniform(lasts / 4, lasts * 3 / 4))
        process.kill()
        process.wait()
        outcome, found = world.left(killed=True)
        found += world.next()
        until = time.monotonic() + 5
        while time.monotonic() < until and alive(process.pid):
            time.sleep(0.05)
        if alive(process.pid):
            found.append("its processes go on")
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        counts.add(outcome, found, "first process")
    yield counts


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# -------------------------------------------------------------------------------------------------------- failing calls


class _File:
    """A file whose writing may fail halfway."""

    def __init__(self, file: Any, met: Callable[..., None]) -> None:
        self._file, self._met = file, met

    def write(self, content: Any) -> Any:
        def half() -> None:
            self._file.write(content[: len(content) // 2])
            self._file.flush()

        self._met("write", half)
        return self._file.write(content)

    def __enter__(self) -> _File:
        self._file.__enter__()
        return self

    def __exit__(self, *given: Any) -> Any:
        return self._file.__exit__(*given)

    def __iter__(self) -> Any:
        return iter(self._file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


CALLS = ("open", "mkdir", "fsync", "replace", "unlink", "chmod", "scandir", "listdir", "fstat")


def strike(at: int, blow: Callable[[], None], struck: Path, *, half: bool = True) -> Callable[[], None]:
    """What puts a fault into the `at`-th call that touches files. `struck` is written where that call was made.

    A call that writes has written half of it then, where it is to fail (`half`).
    """

    def install() -> None:
        numbers = itertools.count(1)
        real = {name: getattr(os, name) for name in CALLS}

        def met(name: str, halfway: Callable[[], None] | None = None) -> None:
            if next(numbers) == at:
                descriptor = real["open"](struck, os.O_CREAT | os.O_WRONLY, 0o666)
                os.write(descriptor, name.encode())
                os.close(descriptor)
                if halfway and half:
                    halfway()
                blow()

        def wrapped(name: str) -> Callable[..., Any]:
            def call(*given: Any, **more: Any) -> Any:
                met(name)
                return real[name](*given, **more)

            return call

        for name in CALLS:
            setattr(os, name, wrapped(name))
        fdopen, opened = os.fdopen, io.open

        def open_(*given: Any, **more: Any) -> Any:
            met("io.open")
            return _File(opened(*given, **more), met)

        os.fdopen = lambda *given, **more: _File(fdopen(*given, **more), met)  # type: ignore[assignment]
        io.open = builtins.open = open_

    return install


def _fails(number: int) -> Callable[[], None]:
    def blow() -> None:
        raise OSError(number, os.strerror(number))

    return blow


def _ends() -> None:
    os._exit(137)


BLOWS = {"EIO": _fails(errno.EIO), "ENOSPC": _fails(errno.ENOSPC), "the end": _ends}


def call(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    small = {"decks": 2, "notes": 4}
    kinds: dict[str, dict[str, Any]] = {
        "a first build": {"first": True, "decks": 1, "notes": 1} if given.short else {"first": True, **small},
        "one note changed": small,
        "decks come and go": {"edit": edit_many, "notes": 2, "cache": False},
    }
    for number, (name, settings) in enumerate(kinds.items()):
        world = World(fresh_folder(work, f"call{number}"), **settings)
        for error, blow in BLOWS.items():
            if given.short and error == "ENOSPC":  # as EIO
                continue
            counts = Counts(f"call, {error}, {name}")
            for at in itertools.count(1, 1 if not given.short else 29 if number else 5 if blow is _ends else 3):
                world.restore()
                struck = world.folder / "struck"
                struck.unlink(missing_ok=True)
                code, said = world.build(fault=strike(at, blow, struck))
                if not struck.exists():
                    break
                outcome, found = judged(world, code, said, killed=blow is _ends)
                counts.add(outcome, found, f"call {at} ({struck.read_text()})")
            yield counts


def judged(world: World, code: int, said: str, *, killed: bool = False) -> tuple[str, list[str]]:
    """The laws for a build of which a call failed. Where a note could not be read, its cards wait for the next build."""
    outcome, found = world.left(killed=killed)
    if code == 0 and "can't be read" in said:
        # of takeaways with equal words others come first then, so that only the set of guids is the same
        found = [each for each in found if "neither the old nor the new" not in each] + settled(world)
        if odd := guids_of(files_in(world.out)) ^ guids_of(world.new):
            found.append(f"guids are others: {odd}")
        return outcome, found
    if not killed:
        found += said_well(code, said)
        if code == 0 and outcome != "new":
            found.append("it did not do it and did not say so")
    return outcome, [*found, *world.next()]


# ------------------------------------------------------------------------------------------------- disk and permissions


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path | None]:
    """A file system of so many bytes, None where mounting is not allowed."""
    folder.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:  # there is no such command
        made = False
    try:
        yield folder if made else None
    finally:
        if made:
            subprocess.run(["umount", str(folder)], check=True)


def disk(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    draw = random.Random(given.seed)
    tries = 4 if given.short else 60
    kinds: dict[str, dict[str, Any]] = {"a first build": {"first": True}, "decks come and go": {"edit": edit_many}}
    for number, (name, settings) in enumerate(kinds.items()):
        with small_disk(fresh_folder(work, f"disk{number}") / "disk", 2_000_000) as mounted:
            if mounted is None:
                print("mounting a tmpfs is not allowed here: no disk was filled")
                break
            world = World(fresh_folder(work, f"full{number}"), out=mounted / "decks", **settings)
            counts = Counts(f"disk full, {name}")
            for turn in range(tries):
                world.restore()
                room = 4096 * turn if turn < tries // 2 else draw.randrange(0, 200_000)
                ballast = mounted / "ballast"
                state = os.statvfs(mounted)
                ballast.write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - room)))
                code, said = world.build()
                ballast.unlink()
                outcome, found = judged(world, code, said)
                counts.add(outcome, found, f"{room} bytes left")
            yield counts
    world = World(fresh_folder(work, "limit"), edit=edit_many)
    counts = Counts("files limited in size")
    for turn in range(tries):
        world.restore()
        most = 2000 + (4000 if given.short else 250) * turn

        def limit(most: int = most) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        code, said = world.build(fault=limit)
        outcome, found = judged(world, code, said)
        counts.add(outcome, found, f"{most} bytes")
    yield counts


def permission(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    owner = NOBODY if os.geteuid() == 0 else None  # root may do all: these builds run as nobody
    forget = fresh_folder(work, "loaded")
    make_vault(forget, 1, 1)
    with suppress(SystemExit):  # all modules are loaded by this process: nobody may not be allowed to read them
        cli.main(["build", str(forget), "-o", str(forget / "decks"), "-q", "--no-such-option"])
    with suppress(SystemExit):
        cli.main(["build", str(forget), "-o", str(forget / "decks"), "-q"])
    world = World(fresh_folder(work, "permission"), edit=edit_many, cache=False, notes=2, owner=owner)

    def cache_closed() -> None:
        for path in (*caches.folder(world.out).glob("*"), caches.folder(world.out)):
            path.chmod(0o444)

    kinds: dict[str, Callable[[], None]] = {
        "no writing": lambda: world.out.chmod(0o555),
        "no access": lambda: world.out.chmod(0o000),
        "no cache": cache_closed,
        "no ledger": lambda: (world.out / ledger_file.NAME).chmod(0o000),
    }
    for name, take in kinds.items():
        counts = Counts(f"permission, {name}")
        for at in itertools.count(0, 40 if given.short else 1):
            world.restore()
            struck = world.folder / "struck"
            struck.unlink(missing_ok=True)

            def blow(take: Callable[[], None] = take) -> None:
                with suppress(FileNotFoundError):
                    take()

            if at:
                code, said = world.build(fault=strike(at, blow, struck, half=False))
            else:  # from the start
                blow()
                code, said = world.build()
            allow(world.out)
            if at and not struck.exists():
                break
            # what can't be removed after that either is the next build's
            outcome, found = judged(world, code, said, killed=True)
            counts.add(outcome, [*found, *said_well(code, said)], f"at call {at}")
        yield counts


def allow(out: Path) -> None:
    for path in (out, caches.folder(out), *out.glob("*"), *caches.folder(out).glob("*")):
        if path.exists():
            path.chmod(0o755 if path.is_dir() else 0o644)


# --------------------------------------------------------------------------------------------------- notes that change


def _put(path: Path, text: str, times: os.stat_result | None = None) -> None:
    """Another file in a note's place, with these times."""
    other = path.with_name("other")
    other.write_text(text, encoding="utf-8")
    if times:
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    other.replace(path)


def _instead(path: Path, make: Callable[[Path], Any]) -> None:
    """Put something else where a note was."""
    path.unlink()
    make(path)


CHANGES: dict[str, Callable[[Path, str], Any]] = {
    "cut in half": lambda path, text: path.write_text(text[: len(text) // 2], encoding="utf-8"),
    "emptied": lambda path, _: path.write_bytes(b""),
    "replaced": lambda path, text: _put(path, text.replace("fathoms", "metres")),
    "of the same size": lambda path, text: path.write_text(text.replace("fathoms", "fathomz"), encoding="utf-8"),
    "of the same size and time": lambda path, text: _put(path, text.replace("fathoms", "fathomz"), path.stat()),
    "longer": lambda path, text: path.write_text(f"{text}- **More:** of it\n", encoding="utf-8"),
    "removed": lambda path, _: path.unlink(),
    "a folder": lambda path, _: _instead(path, Path.mkdir),
    "a link that leads outside": lambda path, _: _instead(path, lambda at: at.symlink_to("/etc/hostname")),
    "a pipe": lambda path, _: _instead(path, os.mkfifo),
}


def note(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    """Each change before the n-th opening of the note, while it is read or after; put back at once or after the build."""
    for whole in (True, False)[given.short :]:
        yield from _note(given, World(fresh_folder(work, f"note{whole}"), cache=not whole, decks=2, notes=4), whole)


def _note(given: argparse.Namespace, world: World, whole: bool) -> Iterator[Counts]:
    path = world.vault / "Deck 0" / "Note 0.md"
    text, times = path.read_text(encoding="utf-8"), path.stat()

    def back() -> None:
        _put(path, text, times)

    for turn, (name, change) in enumerate(CHANGES.items()):
        counts = Counts(f"note {name}, {'whole' if whole else 'short'} build")
        cases = itertools.product((1, 2, 3), ("before", "while", "after"), (True, False))
        for at, moment, at_once in list(cases)[(7 * turn) % 18 :: 18] if given.short else list(cases):
            world.restore()
            back()
            changed = partial(change, path, text)
            code, said = world.build(fault=meddle(path, at, moment, changed, back if at_once else None))
            found = said_well(code, said) + problems_of(files_in(world.out))
            if lost := guids_of(world.old) - guids_of(files_in(world.out)):
                found.append(f"guids are lost: {lost}")
            found += settled(world)
            back()
            found += settled(world)
            if odd := guids_of(files_in(world.out), live=True) ^ guids_of(world.new, live=True):
                found.append(f"cards are not those of the notes: {odd}")
            outcome = "new" if files_in(world.out) == world.new else "mixed"
            counts.add(outcome, found, f"{moment} opening {at}, back {'at once' if at_once else 'later'}")
        yield counts


def settled(world: World) -> list[str]:
    """What is wrong where the next build is not what a whole one makes of the same notes and ledger without any cache."""
    before, after = world.folder / "before", world.folder / "after"
    world.out.mkdir(exist_ok=True)
    shutil.copytree(world.out, before)
    code, said = world.build()
    short = files_in(world.out)
    world.out.rename(after)
    before.rename(world.out)
    shutil.rmtree(caches.folder(world.out))
    world.build()
    whole = files_in(world.out)
    shutil.rmtree(world.out)
    after.rename(world.out)
    found = said_well(code, said) + problems_of(short)
    if short != whole:
        found.append(f"remembered wrongly: {sorted(n for n in short.keys() | whole.keys() if short.get(n) != whole.get(n))}")
    return found


def meddle(path: Path, at: int, moment: str, change: Callable[[], Any], back: Callable[[], None] | None) -> Callable[[], None]:
    """What changes a note at its `at`-th opening: before it, between opening and reading, or after; and puts it back."""

    def install() -> None:
        opened, closed, stated = os.open, os.close, os.fstat
        times, ours = itertools.count(1), set[int]()

        def open_(name: Any, *given: Any, **more: Any) -> int:
            mine = os.fspath(name) == str(path) and next(times) == at
            if mine and moment == "before":
                change()
            try:
                descriptor = opened(name, *given, **more)
            except OSError:
                if mine and back:
                    back()
                raise
            if mine:
                ours.add(descriptor)
            return descriptor

        def fstat(descriptor: int) -> os.stat_result:
            status = stated(descriptor)
            if descriptor in ours and moment == "while":
                change()
            return status

        def close(descriptor: int) -> None:
            closed(descriptor)
            if descriptor in ours:
                ours.remove(descriptor)
                if moment == "after":
                    change()
                if back:
                    back()

        os.open, os.fstat, os.close = open_, fstat, close  # type: ignore[assignment]

    return install


# ----------------------------------------------------------------------------------------------------- many builds at once


def many(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    for name, first in {"first builds": True, "one note changed": False}.items():
        if given.short:
            continue
        world = World(fresh_folder(work, f"many {name}"), first=first)
        counts = Counts(f"eight at once, {name}")
        for _ in range(1 if given.short else 5):
            world.restore()
            found = ended_well([world.start() for _ in range(8)])
            outcome, more = world.left()
            counts.add(outcome, [*found, *more, *world.next()], "quiet notes")
        yield counts
    world = World(fresh_folder(work, "many and a note"))
    path = world.vault / "Deck 0" / "Note 1.md"
    text = path.read_text(encoding="utf-8")
    counts = Counts("eight at once, a note changes meanwhile")
    for _ in range(1 if given.short else 5):
        world.restore()
        running = [world.start() for _ in range(8)]
        turn = 0
        while any(process.poll() is None for process in running):
            path.write_text(text.replace("four fathoms", f"{turn} fathoms"), encoding="utf-8")
            turn += 1
            time.sleep(0.01)
        found = ended_well(running) + problems_of(files_in(world.out)) + settled(world)
        path.write_text(text, encoding="utf-8")
        found += settled(world)
        if odd := guids_of(files_in(world.out), live=True) ^ guids_of(world.new, live=True):
            found.append(f"cards are not those of the notes: {odd}")
        counts.add("mixed", found, f"{turn} changes")
    yield counts


def ended_well(running: Sequence[subprocess.Popen[bytes]]) -> list[str]:
    found = []
    for process in running:
        said = process.communicate()[1].decode()
        found += said_well(process.returncode, said) + ([f"exits 2: {said}"] if process.returncode == 2 else [])
    return found


# ----------------------------------------------------------------------------------------------------- ledger and cache


def damages(content: bytes, draw: random.Random, every: int) -> Iterator[tuple[str, str, bytes]]:
    """Ways to damage a ledger: the kind, what was done, and the bytes. `every` leaves bytes out."""
    for length in range(0, len(content), every):
        yield "cut at a byte", f"cut at {length}", content[:length]
    for place in range(0, len(content), every):
        old = content[place]
        for new in sorted({old ^ 1, old ^ 0x20, ord("0"), 10, draw.randrange(256)} - {old}):
            yield "a byte is another", f"byte {place}: {old} → {new}", content[:place] + bytes([new]) + content[place + 1 :]
        yield "a byte is gone", f"byte {place} gone", content[:place] + content[place + 1 :]
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines):
        before, after = lines[:number], lines[number + 1 :]
        yield "a line is gone", f"line {number + 1} gone", b"".join(before + after)
        yield "a line stands twice", f"line {number + 1} twice", b"".join([*before, line, line, *after])
        yield "a line ends otherwise", f"line {number + 1} with spaces", b"".join([*before, line[:-1] + b"  \n", *after])
        yield "a line ends otherwise", f"line {number + 1} with CR", b"".join([*before, line[:-1] + b"\r\n", *after])
        yield "a conflict", f"conflict at {number + 1}", b"".join([*before, b"<<<<<<< HEAD\n", line, b"=======\n", *after])
        yield "an empty line", f"empty line at {number + 1}", b"".join([*before, b"\n", line, *after])
        for last in range(number + 2, len(lines)):
            yield "lines are gone", f"{number + 1} to {last} gone", b"".join(before + lines[last:])
    yield "all of it", "CRLF", content.replace(b"\n", b"\r\n")
    yield "all of it", "BOM", b"\xef\xbb\xbf" + content
    yield "all of it", "UTF-16", content.decode().encode("utf-16")
    yield "all of it", "zeros", bytes(len(content))
    yield "all of it", "empty", b""
    yield "all of it", "a newline", b"\n"
    yield "all of it", "reversed", b"".join(reversed(lines))
    yield "all of it", "doubled", content + content


def damaged(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    """A damaged ledger, then a build. It may be refused, else the decks have the guids and ordinals that they would have.

    Where the ledger can't be read, or is read as the same memory, one in ten is built from: that settles the others.
    """
    world = World(fresh_folder(work, "ledger"), decks=1, notes=1, cache=False)
    whole = ledger_file.load(world.old[ledger_file.NAME].decode())
    rows: dict[str, Counts] = {}
    wanted = ordinals(world.new, work)
    for kind, what, content in damages(world.old[ledger_file.NAME], random.Random(given.seed), 97 if given.short else 1):
        counts = rows.setdefault(kind, Counts(f"ledger, {kind}"))
        if counts.tried % 10:
            try:
                if read(content) == whole:
                    counts.add("new", (), what)
                    continue
            except CardsError as error:
                counts.add("refused", [] if f"{ledger_file.NAME}:" in str(error) else [f"no line is named: {error}"], what)
                continue
        world.restore()
        (world.out / ledger_file.NAME).write_bytes(content)
        before = files_in(world.out)
        code, said = world.build()
        now = files_in(world.out)
        found = said_well(code, said)
        if code:
            outcome = "refused"
            if now != before:
                found.append("something was written")
            if f"{ledger_file.NAME}:" not in said:
                found.append(f"the ledger is not named: {said}")
        else:
            outcome = "new" if now == world.new else "mixed"
            found += problems_of(now)
            if ordinals(now, work) != wanted:
                found.append("other cards in the decks")
        counts.add(outcome, found, what)
    yield from rows.values()


def read(content: bytes) -> ledger.Ledger:
    """A ledger read from a file of this content. Raises CardsError."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ledger_file.NAME).write_bytes(content)
        return read_ledger(Path(folder))


def ordinals(state: State, work: Path) -> dict[str, frozenset[int]]:
    """Every card in the decks: guids and ordinals."""
    found: dict[str, frozenset[int]] = {}
    for name, content in state.items():
        if name.endswith(".apkg"):
            found |= {note.guid: frozenset(note.ordinals) for note in read_package.read(content, name).notes}
    return found


def cache(given: argparse.Namespace, work: Path) -> Iterator[Counts]:
    draw = random.Random(given.seed)
    world = World(fresh_folder(work, "cache"), decks=2, notes=4)
    for name in ("notes.sqlite", state.NAME):
        counts = Counts(f"cache, {name}")
        world.restore()
        content = (caches.folder(world.out) / name).read_bytes()
        for _ in range(10 if given.short else 500):
            world.restore()
            place = draw.randrange(len(content))
            ways = [
                content[:place],
                content[:place] + bytes([draw.randrange(256)]) + content[place + 1 :],
                content[:place] + bytes(512) + content[place + 512 :],
                content[:place] + draw.randbytes(100) + content[place + 100 :],
            ]
            (caches.folder(world.out) / name).write_bytes(draw.choice(ways))
            if name == "notes.sqlite":  # or it would not be asked
                (caches.folder(world.out) / state.NAME).unlink()
            found = world.next()
            counts.add("mixed" if found else "new", found, f"byte {place}")
        yield counts


KINDS = {
    "kill": kill,
    "orphans": orphans,
    "call": call,
    "disk": disk,
    "permission": permission,
    "note": note,
    "many": many,
    "ledger": damaged,
    "cache": cache,
}


def fresh_folder(work: Path, name: str) -> Path:
    folder = work / name
    folder.mkdir()
    return folder


def load_modules(work: Path) -> None:
    """Import all that a build imports, so that no forked copy has to."""
    vault = fresh_folder(work, "to load")
    make_vault(vault, 1, 1)
    build = ["build", str(vault), "-o", str(vault / "decks"), "-q"]
    code = f"import sys; from cards import cli\ntry: cli.main({build})\nexcept SystemExit: print(*sys.modules)"
    for name in subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split():
        with suppress(ImportError):
            import_module(name)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=300, help="builds that are killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=KINDS, action="append", help="only this kind of fault")
    parser.add_argument("--short", action="store_true", help="a few of each, as the test suite runs them")
    given = parser.parse_args()
    caches.version()
    rows: list[Counts] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        work = Path(folder).resolve()
        work.chmod(0o755)
        load_modules(work)
        print(HEAD, flush=True)
        for kind in given.only or KINDS:
            for counts in KINDS[kind](given, work):
                print(line_of(counts), flush=True)
                rows.append(counts)
    violations = [each for row in rows for each in row.violations]
    print(f"\n{sum(row.tried for row in rows):,} faults, {len(violations):,} wrong")
    for each in violations[:50]:
        print(f"  {each}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

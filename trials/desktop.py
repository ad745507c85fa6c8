"""Pushes into Anki's real desktop on a screen that nobody sees, by our own add-on: the steps of a user, and kills midway.

`python trials/desktop.py --rounds N` starts an Anki of its own, in a folder of its own, and ends it. It needs Xvfb, Anki's
desktop (`pip install aqt PyQt6 PyQt6-WebEngine`) and no other Anki. Each round edits notes, pushes, kills Anki at a moment of
chance, starts it again, pushes again, and takes a push back. Then the collection is opened by Anki's library, and counted.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from cards.sync import addon

DISPLAY = ":97"
NOTES, CARDS_A_NOTE = 40, 25
_PATIENCE = 60  # seconds for Anki to start
_SEED = """
import sys
from pathlib import Path
from aqt.profiles import ProfileManager
manager = ProfileManager(Path(sys.argv[1]))
manager.setupMeta()
manager.meta.update(defaultLang="en_US", firstRun=False, updates=False, suppressUpdate=True)
manager.create("User 1")
manager.load("User 1")
manager.profile.update(autoSync=False, syncMedia=False)
manager.save()
"""
_RUN = "import sys, aqt; sys.argv = ['anki', *sys.argv[1:]]; aqt.run()"


class Trial:
    """A vault, and an Anki with our add-on."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.base, self.vault = folder / "base", folder / "vault"
        self.environment = {
            **os.environ,
            "ANKI_BASE": str(self.base),
            "CARDS_DATA_DIR": str(folder / "memory"),
            "CARDS_CACHE_DIR": str(folder / "cache"),
            "DISPLAY": DISPLAY,
            "QTWEBENGINE_DISABLE_SANDBOX": "1",
            "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
            "QT_QUICK_BACKEND": "software",
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        os.environ["ANKI_BASE"] = str(self.base)
        self.collection = self.base / "User 1" / "collection.anki2"
        self.desktop: subprocess.Popen[bytes] | None = None
        self.base.mkdir()
        offscreen = {**self.environment, "QT_QPA_PLATFORM": "offscreen"}
        subprocess.run([sys.executable, "-c", _SEED, str(self.base)], env=offscreen, check=True, capture_output=True)
        with zipfile.ZipFile(BytesIO(addon.package())) as package:
            package.extractall(self.base / "addons21" / addon.PACKAGE)
        self.vault.mkdir()
        for number in range(NOTES):
            lines = (
                f"- **Label {number} {n}:** answer {n} of note {number}, as it was first written" for n in range(CARDS_A_NOTE)
            )
            (self.vault / f"n{number}.md").write_text("\n".join(lines), encoding="utf-8")

    def start(self) -> None:
        """Start Anki, and wait for the add-on."""
        command = [sys.executable, "-c", _RUN, "-b", str(self.base), "-p", "User 1", "-l", "en_US"]
        log = (self.folder / "anki.log").open("ab")
        self.desktop = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + _PATIENCE
        while addon.find() is None:
            if time.monotonic() > until:
                raise SystemExit(f"Anki did not start: {(self.folder / 'anki.log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End Anki as a power cut would."""
        assert self.desktop is not None
        with suppress(ProcessLookupError):
            os.killpg(self.desktop.pid, signal.SIGKILL)
        self.desktop.wait()

    def backups(self) -> list[str]:
        """The backups that Anki has made, and those that it is about to."""
        folder = self.collection.parent / "backups"
        return sorted(os.listdir(folder)) if folder.is_dir() else []

    def cards(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Cards in the vault."""
        command = [sys.executable, "-m", "cards", *arguments, "vault", "-o", "decks"]
        there = {**self.environment, "PYTHONPATH": str(Path(__file__).parents[1])}
        return subprocess.run(command, env=there, cwd=self.folder, capture_output=True, text=True, check=False)

    def edit(self) -> None:
        """Reword some takeaways, take one away, and let some notes change their deck."""
        for path in self.chance.sample(sorted(self.vault.iterdir()), NOTES // 4):
            lines = path.read_text(encoding="utf-8").split("\n")
            at = self.chance.randrange(len(lines))
            if lines[at].startswith("- "):
                lines[at] += f", {self.chance.choice(['again', 'once more', 'anew'])}"
            if self.chance.random() < 0.1:
                lines = [line for n, line in enumerate(lines) if n != at or not line.startswith("- ")]
            if self.chance.random() < 0.3:
                head = [] if lines[0] != "---" else lines[: lines.index("---", 1) + 1]
                lines = ["---", f"deck: D{self.chance.randrange(3)}", "---", *lines[len(head) :]]
            path.write_text("\n".join(lines), encoding="utf-8")

    def round(self) -> tuple[int, int]:
        """One round; how many kills came midway, and how many laws were broken."""
        self.edit()
        push = subprocess.Popen(
            [sys.executable, "-m", "cards", "push", "vault", "-o", "decks", "--yes"],
            env={**self.environment, "PYTHONPATH": str(Path(__file__).parents[1])},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        backups = self.backups()
        while push.poll() is None and self.backups() == backups:  # a push begins with a backup
            time.sleep(0.005)
        time.sleep(self.chance.uniform(0, 0.3))
        self.kill()
        midway = push.wait() != 0
        self.start()
        pushed = self.cards("push", "--yes")
        again = self.cards("push", "--yes")
        broken = (pushed.returncode != 0) + ("nothing to push" not in again.stdout)
        if self.chance.random() < 0.3:
            broken += self.cards("undo", "--yes").returncode not in (0, 2)
            broken += self.cards("push", "--yes").returncode != 0
        if broken:
            print(pushed.stdout, pushed.stderr, again.stdout, again.stderr, sep="\n")
        return midway, broken


@contextmanager
def screen() -> Iterator[None]:
    """A screen that nobody sees."""
    ran = subprocess.Popen(
        ["Xvfb", DISPLAY, "-screen", "0", "1280x900x24"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(1)
        yield
    finally:
        ran.terminate()
        ran.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if not shutil.which("Xvfb"):
        raise SystemExit("this trial needs Xvfb")
    with TemporaryDirectory(prefix="cards-") as name, screen():
        trial = Trial(Path(name), given.seed)
        trial.start()
        try:
            counted = [trial.round() for _ in range(given.rounds)]
        finally:
            trial.kill()
        problems, rows = looked_at(trial.collection)
        broken = sum(each for _, each in counted) + len(problems)
        print(f"{given.rounds} rounds, {sum(each for each, _ in counted)} pushes that broke off, {rows} cards at the end")
        print(f"{broken} laws broken", *problems, sep="\n")
        sys.exit(bool(broken))


def looked_at(collection: Path) -> tuple[list[str], int]:
    """What is wrong with a collection, and how many cards it has."""
    import anki.collection

    opened: Any = anki.collection.Collection(str(collection))
    try:
        said, sound = opened.fix_integrity()
        doubled = opened.db.scalar("select count() from (select guid from notes group by guid having count() > 1)")
        problems = ([] if sound else [said]) + ([f"{doubled} notes twice"] if doubled else [])
        return problems, opened.card_count()
    finally:
        opened.close()


if __name__ == "__main__":
    main()

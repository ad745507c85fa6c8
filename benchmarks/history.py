"""Make a git repository of notes with a history of edits, to try `replay.py` on.

    python benchmarks/history.py FOLDER [--notes 40] [--commits 120] [--seed 1]

The edits are those of `trials/simulated_notes.py`: of the kinds and in the proportions of people's vaults, a few a commit.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trials.simulated_notes import Author, Vault, text_of


def save(vault: Vault, folder: Path) -> None:
    """Write the notes, and remove those that are no more."""
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in vault.notes:
            path.unlink()
    for name, note in vault.notes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(note), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for name, default in (("--notes", 40), ("--commits", 120), ("--seed", 1)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    author, vault = Author(random.Random(given.seed)), Vault()
    given.folder.mkdir(parents=True)

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=history", "-c", "user.email=history@example.org")
        subprocess.run(["git", *who, *arguments], cwd=given.folder, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    for _ in range(given.notes):
        author.new_note(vault)
    for number in range(given.commits):
        for _ in range(author.draw.randint(1, 3) if number else 0):
            author.edit(vault, [*vault.notes], number)
        save(vault, given.folder)
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", f"step {number}")


if __name__ == "__main__":
    main()

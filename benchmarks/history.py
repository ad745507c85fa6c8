"""Make a git repository of notes with a history of edits, to try `replay.py` on.

    python benchmarks/history.py FOLDER [--notes 40] [--commits 120] [--seed 1]

The edits are of the kinds and roughly in the proportions that people's vaults show: most commits add a note or a bullet,
many mend words, some move, rename, reorder, split, or delete.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from pathlib import Path

NOUNS = "harbour tide pilot channel bank fathom anchor current lantern dredger rope storm keel island captain chart".split()
VERBS = "carries holds leaves crosses measures forgets follows keeps raises lowers marks warns feeds guards".split()
ADJECTIVES = "old deep narrow northern quiet wooden bright heavy early salty grey hidden steady broken".split()


def sentence(draw: random.Random) -> str:
    actors = [f"the {draw.choice(ADJECTIVES)} {draw.choice(NOUNS)}" for _ in range(2)]
    words = f" {draw.choice(VERBS)} ".join(actors)
    tail = f"and the {draw.choice(NOUNS)} of {draw.choice(NOUNS)} {draw.randrange(1000)} {draw.choice(VERBS)} it"
    phrase = f"{draw.choice(ADJECTIVES)} {draw.choice(NOUNS)}"
    return f"{words} {tail} with **{phrase}** in sight.".capitalize()


def bullet(draw: random.Random) -> str:
    label = f"{draw.choice(ADJECTIVES)} {draw.choice(NOUNS)} {draw.randrange(1000)}".capitalize()
    body = " ".join(sentence(draw) for _ in range(draw.randint(1, 3)))
    return f"- **{label}:** {body}" if draw.random() < 0.7 else f"- {body}"


def mend(line: str, draw: random.Random) -> str:
    """One small edit of a bullet's words."""
    words = line.split(" ")
    at = draw.randrange(2, len(words)) if len(words) > 3 else len(words) - 1
    kind = draw.random()
    if kind < 0.4:
        words[at] = draw.choice(ADJECTIVES)
    elif kind < 0.6:
        words.insert(at, draw.choice(ADJECTIVES))
    elif kind < 0.75:
        del words[at]
    elif kind < 0.9:
        words.append(sentence(draw))
    else:
        return line.replace("**", "", 2) if line.count("**") > 2 else line + f" ({draw.randrange(59)}:{draw.randrange(10, 60)})"
    return " ".join(words)


def edit(root: Path, draw: random.Random) -> None:
    """What one commit does to the vault."""
    notes = sorted(root.rglob("*.md"))
    path = draw.choice(notes)
    lines = path.read_text(encoding="utf-8").split("\n")
    kind = draw.random()
    if kind < 0.15:
        (root / f"Note {draw.randrange(10**6)}.md").write_text("\n".join(bullet(draw) for _ in range(8)), encoding="utf-8")
        return
    at = draw.randrange(len(lines))
    if kind < 0.35:
        lines.insert(at, bullet(draw))
    elif kind < 0.75:
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(lines))
            lines[at] = mend(lines[at], draw)
    elif kind < 0.8:
        draw.shuffle(lines)
    elif kind < 0.85:
        other = draw.choice(notes)
        if other != path and len(lines) > 2:
            moved = lines.pop(at)
            other.write_text(other.read_text(encoding="utf-8") + "\n" + moved, encoding="utf-8")
    elif kind < 0.9:
        (root / "Moved").mkdir(exist_ok=True)
        path.unlink()
        path = root / "Moved" / f"{path.stem} renamed.md"
    elif kind < 0.95 and len(lines) > 2:
        del lines[at]
    elif len(lines) > 1:
        lines[0 : min(2, len(lines))] = [" ".join(line.removeprefix("- ") if n else line for n, line in enumerate(lines[:2]))]
    path.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--notes", type=int, default=40)
    parser.add_argument("--commits", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    given.folder.mkdir(parents=True)

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=history", "-c", "user.email=history@example.org")
        subprocess.run(["git", *who, *arguments], cwd=given.folder, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    for number in range(given.notes):
        text = "\n".join(bullet(draw) for _ in range(draw.randint(4, 12)))
        (given.folder / f"Note {number}.md").write_text(text, encoding="utf-8")
    for number in range(given.commits):
        if number:
            edit(given.folder, draw)
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", f"step {number}")


if __name__ == "__main__":
    main()

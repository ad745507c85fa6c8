"""What has changed since the last build, seen without reading what has not: most builds have little or nothing to do.

What the last build saw (notes, media, decks: size and time of each) stands in the cache with what it said. A file of another
time is read and compared by its content. Anything odd means that a build has to look for itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from cards.model import CardsError
from cards.vault import files, note_files, scan
from cards.vault.cache import checked, folder_of, summed
from cards.vault.cache_version import version
from cards.vault.config import CACHE, Config
from cards.vault.files import is_unfinished, replace_file
from cards.vault.scan import Tree

NAME = "last.json"
OPEN = frozenset(
    {"media", "recording", "audio", "unreadable", "outside", "encoding", "large", "fault"}
)  # new files may mend them
_LASTING = frozenset({"frontmatter", "partial"})  # problems that the next build has, too
_RACY = 2_000_000_000  # nanoseconds: what changed this shortly before a build may change again without showing it


class Seen(NamedTuple):
    """What a run read: the vault, the digests of its notes, the stamps of those it read, other files, what each note gave."""

    tree: Tree
    digests: Mapping[str, str]
    stamps: Mapping[str, tuple[int, int, int]]
    files: tuple[str, ...]
    counts: Mapping[str, tuple[int, int]]


class Kept(NamedTuple):
    """What is remembered of a note: its size and times as in `vault.Seen`, the digest of its content, and what it gave."""

    size: int
    changed: int
    digest: str
    cards: int
    skipped: int
    touched: int


class Difference(NamedTuple):
    """The vault now, the notes that are new or other ones, those that are gone, and what the last build left behind.

    `kept` are the notes that are as they were, `last` is the record of that build.
    """

    tree: Tree
    changed: frozenset[str]
    gone: frozenset[str]
    kept: Mapping[str, Kept]
    last: dict[str, Any]

    @property
    def outcome(self) -> dict[str, Any] | None:
        """What the last build said, where another one would say the same and write nothing."""
        outcome = self.last["outcome"]
        return outcome if isinstance(outcome, dict) and not (self.changed or self.gone) else None


def difference(config: Config) -> Difference | None:
    """What has changed in the notes, None where anything else has, or nothing is known of the last build."""
    try:
        last = json.loads(checked(files.read(folder_of(config.out) / NAME).content))
        if last["stamp"] != _stamp(config):
            return None
        tree = scan.look_around(config)
        if tree.problems or last["media"] != _names(tree.media):
            return None
        if any(_size_and_time(path) != seen for path, seen in (*last["files"].items(), *last["out"].items())):
            return None
        if set(_decks(config)) != last["out"].keys():
            return None
        known = {path: Kept(*row) for path, row in last["notes"].items()}
        changed = frozenset(seen.path for seen in tree.notes if not _is_same(config, seen, known.get(seen.path)))
        gone = frozenset(known.keys() - {seen.path for seen in tree.notes})
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    kept = {path: note for path, note in known.items() if path not in changed | gone}
    return Difference(tree, changed, gone, kept, last)


def remember(
    config: Config, read: Seen, outcome: dict[str, Any], began: int, kept: Mapping[str, list[int]] | None = None
) -> None:
    """Remember a build that began at `began` (nanoseconds since 1970): what it read and, settled, what it said.

    `kept` are files that an earlier build read, as it saw them.
    """
    path = config.out / CACHE / NAME
    tree, digests, stamps, files, counts = read
    problems = outcome["problems"]
    with suppress(OSError, CardsError):
        if len(digests) != len(tree.notes) or any(problem["code"] in OPEN for problem in problems):
            path.unlink(missing_ok=True)
            return
        lasting = [problem for problem in problems if problem["code"] in _LASTING]
        record = {
            "stamp": _stamp(config),
            "notes": {
                seen.path: Kept(
                    seen.size,
                    _settled(seen.changed, began) if stamps.get(seen.path, seen[1:]) == seen[1:] else 0,
                    digests[seen.path],
                    *counts[seen.path],
                    seen.touched,
                )
                for seen in tree.notes
            },
            "media": _names(tree.media),
            "files": {**{each: _as_read(each, began) for each in files}, **(kept or {})},
            "out": {each: _size_and_time(each) for each in _decks(config)},
            "outcome": {**outcome, "problems": lasting},
        }
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        replace_file(path, summed(text.encode()))


def _settled(changed: int, began: int) -> int:
    """A time of change, 0 for one that is too near to tell what was read from what came after."""
    return changed if changed < began - _RACY else 0


def _as_read(path: str, began: int) -> list[int]:
    size, changed = _size_and_time(path)
    return [size, _settled(changed, began)]


def _is_same(config: Config, seen: scan.Seen, known: Kept | None) -> bool:
    """Whether a note is the one that is known: by size and times, else by content. A copy may keep one time, not both."""
    if known is None or seen.size != known.size:
        return False
    if (seen.changed, seen.touched) == (known.changed, known.touched):
        return True
    read = note_files.read_bytes(config.root, seen.path)
    return isinstance(read, note_files.Raw) and note_files.digest(read.content) == known.digest


def _names(paths: tuple[str, ...]) -> str:
    return note_files.digest("\0".join(paths).encode("utf-8", "surrogatepass"))


def _decks(config: Config) -> list[str]:
    """The files of the folder of the decks that a build answers for, what a killed one left among them."""
    names = os.listdir(config.out)
    ours = (name for name in names if name.endswith((".apkg", ".jsonl")) or is_unfinished(name))
    return [os.path.join(config.out, name) for name in ours]


def _size_and_time(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _stamp(config: Config) -> str:
    """All that a build depends on besides files."""
    return note_files.digest(f"{version()}\x1f{config!r}\x1f{(config.root / '.obsidian').is_dir()}\x1f{os.getcwd()}".encode())

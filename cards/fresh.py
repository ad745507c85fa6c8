"""Whether anything has changed since the last build, without reading what has not: most builds have nothing to do.

What the last build saw (notes, media, decks: size and time of each) stands in the cache with what it said. A file of another
time is read and compared by its content. Anything odd means that a build has to look for itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from cards import vault
from cards.cache import FOLDER, version
from cards.config import Config
from cards.vault import Tree

NAME = "last.json"
_RACY = 2_000_000_000  # nanoseconds: what changed this shortly before a build may change again without showing it
_OPEN = frozenset({"media", "recording", "audio", "unreadable", "outside", "encoding", "fault"})  # new files may mend them


def unchanged(config: Config) -> dict[str, Any] | None:
    """What the last build said, where another one would say the same and write nothing; None where it has to be run."""
    try:
        last = json.loads((config.out / FOLDER / NAME).read_text(encoding="utf-8"))
        if last["stamp"] != _stamp(config):
            return None
        tree = vault.look_around(config)
        if tree.problems or last["media"] != vault.digest("\0".join(tree.media).encode("utf-8", "surrogatepass")):
            return None
        if not all(_same_file(path, seen) for path, seen in {**last["files"], **last["out"]}.items()):
            return None
        if set(_decks(config)) != last["out"].keys() or not _same_notes(config, tree, last["notes"]):
            return None
        outcome = last["outcome"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return outcome if isinstance(outcome, dict) else None


def remember(
    config: Config, tree: Tree, digests: Mapping[str, str], files: Iterable[str], outcome: dict[str, Any], began: int
) -> None:
    """Remember a build that began at `began` (nanoseconds since 1970). `files` are what it read besides the notes."""
    path = config.out / FOLDER / NAME
    notes = {
        seen.path: (seen.size, seen.changed if seen.changed < began - _RACY else 0, digests[seen.path])
        for seen in tree.notes
        if seen.path in digests
    }
    settled = len(notes) == len(tree.notes) and not any(problem["code"] in _OPEN for problem in outcome["problems"])
    with suppress(OSError):
        if not settled:
            path.unlink(missing_ok=True)
            return
        record = {
            "stamp": _stamp(config),
            "notes": notes,
            "media": vault.digest("\0".join(tree.media).encode("utf-8", "surrogatepass")),
            "files": {each: _size_and_time(each) for each in files},
            "out": {each: _size_and_time(each) for each in _decks(config)},
            "outcome": outcome,
        }
        path.write_text(json.dumps(record, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _same_notes(config: Config, tree: Tree, known: dict[str, list[Any]]) -> bool:
    """Whether the notes are those that are known, by size and time, else by content."""
    if len(tree.notes) != len(known):
        return False
    for path, size, changed in tree.notes:
        before = known[path]
        if size != before[0]:
            return False
        if changed != before[1]:
            content = vault.read_bytes(config.root, path)
            if not isinstance(content, bytes) or vault.digest(content) != before[2]:
                return False
    return True


def _decks(config: Config) -> list[str]:
    """The files of the folder of the decks that a build answers for."""
    names = os.listdir(config.out)
    return [os.path.join(config.out, name) for name in names if name.endswith((".apkg", ".jsonl"))]


def _same_file(path: str, seen: list[int]) -> bool:
    return _size_and_time(path) == seen


def _size_and_time(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _stamp(config: Config) -> str:
    """All that a build depends on besides files."""
    return vault.digest(f"{version()}\x1f{config!r}\x1f{(config.root / '.obsidian').is_dir()}\x1f{os.getcwd()}".encode())

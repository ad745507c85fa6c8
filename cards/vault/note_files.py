"""The files of a vault, read. No path leads outside the root: links are resolved before a file is opened, and only regular
files are.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from cards.model import Problem
from cards.vault import files

LARGEST_NOTE = 10 * 1024 * 1024  # bytes; a long novel has three million


class Raw(NamedTuple):
    """The content of a note, and its size and times once it was read, as in `Seen`."""

    content: bytes
    stamp: tuple[int, int, int]


class Content(NamedTuple):
    """A note's text, a hash of the bytes it was read from, and their stamp."""

    text: str
    digest: str
    stamp: tuple[int, int, int]


def stamp_of(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read_note(root: Path, path: str) -> Content | Problem:
    """The text of a note, or the problem that keeps it from being read."""
    read = read_bytes(root, path)
    if isinstance(read, Problem):
        return read
    content = read.content
    for encoding, mark in (("utf-8-sig", b""), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff")):
        if content.startswith(mark):
            try:
                return Content(content.decode(encoding), digest(content), read.stamp)
            except UnicodeDecodeError as error:
                line = content.count(b"\n", 0, error.start) + 1
                problem = Problem(path, line, "encoding", "is not UTF-8; save it as UTF-8 to get its cards")
    return problem


def read_bytes(root: Path, path: str) -> Raw | Problem:
    """The content of a note, or the problem that keeps it from being read."""
    try:
        read = read_inside(root, os.path.join(root, path), LARGEST_NOTE)
    except files.TooLargeError:
        size = f"{LARGEST_NOTE // 1024**2} MiB"
        return Problem(path, 0, "large", f"is larger than {size}; it is left out: split it, or name it in `exclude`")
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links
        return Problem(path, 0, "unreadable", f"can't be read: {getattr(error, 'strerror', None) or error}")
    return read or Problem(path, 0, "outside", "is no regular file inside the vault; it is left out")


def digest(content: bytes) -> str:
    """What a content is known again by."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def read_inside(root: Path, path: str | Path, largest: int) -> Raw | None:
    """The content of a regular file inside the root, None for anything else. Raises OSError, of which TooLargeError is one."""
    name = os.fspath(path)
    if not _is_inside(str(root), os.path.dirname(name)):
        return None
    if not files.NO_LINKS or os.path.islink(name):
        name = os.path.realpath(name, strict=True)
        if not _is_inside(str(root), os.path.dirname(name)):
            return None
    try:
        content, status = files.read(name, largest)
    except files.NotRegularError:
        return None
    return Raw(content, stamp_of(status))  # of the end, so that a change while it was read shows


def _is_inside(root: str, folder: str) -> bool:
    """Whether a folder really lies in the root, whatever links lead there."""
    key = (root, folder)
    if key not in INSIDE:
        real = os.path.realpath(folder)
        INSIDE[key] = real == root or real.startswith(root if root.endswith(os.sep) else root + os.sep)
    return INSIDE[key]


INSIDE: dict[tuple[str, str], bool] = {}  # asked for every file of a folder; forgotten with every look around

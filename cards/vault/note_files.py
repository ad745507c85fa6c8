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

Stamp = tuple[int, int, int]  # of a file: bytes, and when its content and its entry last changed (ns)


class Raw(NamedTuple):
    """The content of a file, and its stamp once it was read."""

    content: bytes
    stamp: Stamp


class NoteText(NamedTuple):
    """A note's text, a hash of the bytes it was read from, and their stamp."""

    text: str
    digest: str
    stamp: Stamp


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def digest(content: bytes) -> str:
    """A hash of a content, by which it is recognised."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


class VaultFiles:
    """The files below one root, for the length of a run: which folders really lie in it is looked up once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._inside: dict[str, bool] = {}

    def read(self, path: str) -> Raw | Problem:
        """The content of a note (its path from the root), or the problem that keeps it from being read."""
        try:
            found = self.read_inside(os.path.join(self.root, path), LARGEST_NOTE)
        except files.TooLargeError:
            size = f"{LARGEST_NOTE // 1024**2} MiB"
            return Problem(path, 0, "large", f"is larger than {size}; it is left out: split it, or name it in `exclude`")
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links
            return Problem(path, 0, "unreadable", f"can't be read: {getattr(error, 'strerror', None) or error}")
        return found or Problem(path, 0, "outside", "is no regular file inside the vault; it is left out")

    def read_note(self, path: str) -> NoteText | Problem:
        """The text of a note (its path from the root), or the problem that keeps it from being read."""
        found = self.read(path)
        return found if isinstance(found, Problem) else note_text(path, found)

    def read_inside(self, path: str | Path, largest: int) -> Raw | None:
        """The content of a regular file inside the root, None for anything else.

        Raises OSError, of which TooLargeError is one.
        """
        name = os.fspath(path)
        if not self._is_inside(os.path.dirname(name)):
            return None
        if not files.NO_LINKS or os.path.islink(name):
            name = os.path.realpath(name, strict=True)
            if not self._is_inside(os.path.dirname(name)):
                return None
        try:
            content, status = files.read(name, largest)
        except files.NotRegularError:
            return None
        return Raw(content, stamp_of(status))  # of the end, so that a change while it was read shows

    def _is_inside(self, folder: str) -> bool:
        """Whether a folder really lies in the root, whatever links lead there."""
        if folder not in self._inside:
            root, real = str(self.root), os.path.realpath(folder)
            self._inside[folder] = real == root or real.startswith(root if root.endswith(os.sep) else root + os.sep)
        return self._inside[folder]


def note_text(path: str, found: Raw) -> NoteText | Problem:
    """The text of a note's content, or the problem that it is in no encoding we read."""
    content = found.content
    for encoding, mark in (("utf-8-sig", b""), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff")):
        if content.startswith(mark):
            try:
                return NoteText(content.decode(encoding), digest(content), found.stamp)
            except UnicodeDecodeError as error:
                line = content.count(b"\n", 0, error.start) + 1
                problem = Problem(path, line, "encoding", "is not UTF-8; save it as UTF-8 to get its cards")
    return problem

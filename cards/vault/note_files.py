"""Read the files of a vault: only regular files, and only inside the root, wherever links point."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from cards.model import Problem
from cards.vault import files

LARGEST_NOTE = 10 * 1024 * 1024  # bytes; a long novel has three million

Stamp = tuple[int, int, int]  # size in bytes, mtime and ctime in nanoseconds since 1970


class Raw(NamedTuple):
    """Content of a file, and its stamp after the read."""

    content: bytes
    stamp: Stamp


class NoteText(NamedTuple):
    """Text of a note, with the hash and the stamp of its file."""

    text: str
    digest: str
    stamp: Stamp


def stamp_of(status: os.stat_result) -> Stamp:
    """Return the stamp of a file: size, mtime and ctime."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def digest(content: bytes) -> str:
    """Return the content hash."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


class VaultFiles:
    """Reader of the files below one root, for one run. It resolves each folder only once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._inside: dict[str, bool] = {}

    def read(self, path: str) -> Raw | Problem:
        """Read a note by its path from the root; return a Problem if it can't be read."""
        try:
            raw = self.read_inside(os.path.join(self.root, path), LARGEST_NOTE)
        except files.TooLargeError:
            size = f"{LARGEST_NOTE // 1024**2} MiB"
            return Problem(path, 0, "large", f"is larger than {size} and was skipped; split it, or list it in `exclude`")
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links
            return Problem(path, 0, "unreadable", f"can't be read: {getattr(error, 'strerror', None) or error}")
        return raw or Problem(path, 0, "outside", "is not a regular file inside the vault and was skipped")

    def read_inside(self, path: str | Path, largest: int) -> Raw | None:
        """Read a regular file of at most `largest` bytes inside the root; return None for anything else.

        Raises OSError; TooLargeError if the file is too large.
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
        return Raw(content, stamp_of(status))

    def _is_inside(self, folder: str) -> bool:
        """Whether a folder is in the root after resolving all links."""
        if folder not in self._inside:
            root, real = str(self.root), os.path.realpath(folder)
            self._inside[folder] = real == root or real.startswith(root if root.endswith(os.sep) else root + os.sep)
        return self._inside[folder]


def note_text(path: str, raw: Raw) -> NoteText | Problem:
    """Decode a note as UTF-8, or as UTF-16 with a byte order mark; return a Problem if it is neither."""
    content = raw.content
    for encoding, mark in (("utf-8-sig", b""), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff")):
        if content.startswith(mark):
            try:
                return NoteText(content.decode(encoding), digest(content), raw.stamp)
            except UnicodeDecodeError as error:
                line = content.count(b"\n", 0, error.start) + 1
                problem = Problem(path, line, "encoding", "is not UTF-8; save it as UTF-8 to get its cards")
    return problem

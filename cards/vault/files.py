"""Read untrusted files without following links or blocking on pipes, and replace files atomically."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from cards.model import CardsError

UNFINISHED, PART = ".cards-", ".part"  # prefix and suffix of a temporary file
LARGEST = 1024**3  # bytes of a ledger or a package
NO_LINKS = hasattr(os, "O_NOFOLLOW")  # the system itself refuses links, so no file can be swapped for one after a check
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class NotRegularError(OSError):
    """The path leads to a link, a pipe, a device or a folder."""


class TooLargeError(OSError):
    """The file is larger than the limit."""


class Read(NamedTuple):
    """Content of a file, and its status after the read."""

    content: bytes
    status: os.stat_result


@contextmanager
def opened(path: Path | str) -> Iterator[FileIO]:
    """Open a regular file for reading; never follow a link or wait for a pipe.

    Raises OSError; NotRegularError if the path is no regular file.
    """
    try:
        if not NO_LINKS and os.path.islink(path):
            raise NotRegularError(errno.ELOOP, "is a link", os.fspath(path))
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotRegularError(errno.ELOOP, "is a link", os.fspath(path)) from None
        raise
    with FileIO(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegularError(errno.EINVAL, "is not a regular file", os.fspath(path))
        yield file


def read(path: Path | str, largest: int = LARGEST) -> Read:
    """Read a regular file of at most `largest` bytes. Raises OSError, including NotRegularError and TooLargeError."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = bytearray()
        while size <= largest and len(content) <= largest and (piece := file.read(min(1 << 20, largest + 1 - len(content)))):
            content += piece
        if max(size, len(content)) > largest:  # a file can grow during the read
            raise TooLargeError(errno.EFBIG, "is too large", os.fspath(path))
        return Read(bytes(content), os.fstat(file.fileno()))


def read_deck(path: Path) -> bytes:
    """Read a package. Raises CardsError."""
    try:
        return read(path).content
    except OSError as error:
        raise CardsError(f"{path}: can't be read: {error.strerror or error}") from None


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically: readers see the old or the new content. Raises CardsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(PART, UNFINISHED, path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):  # the first error matters more
                os.unlink(temporary)
            raise
    except OSError as error:
        raise unwritten(path, error) from None


def _umask() -> int:
    """Return the umask of this process. It can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def is_unfinished(name: str) -> bool:
    """Whether a file name is that of a temporary file, left behind by a process that died."""
    return name.startswith(UNFINISHED) and name.endswith(PART)


def settle(folder: Path) -> None:
    """Sync a folder to disk, so that a power cut can't undo earlier writes to it but keep later ones."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def unwritten(path: Path, error: OSError) -> CardsError:
    """Return the error for a file that can't be written."""
    return CardsError(f"{path}: can't be written: {error.strerror or error}")

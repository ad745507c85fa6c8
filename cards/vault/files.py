"""Files that may be anyone's, read without following a link or waiting, and files put in place in one step."""

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

UNFINISHED = ".cards-"  # what the name of a file begins with until it is put in place, and ends with
PART = ".part"
LARGEST = 1024**3  # bytes of a ledger or a package
NO_LINKS = hasattr(os, "O_NOFOLLOW")  # a link that takes a file's place meanwhile is refused
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class NotRegularError(OSError):
    """What is there is a link, a pipe, a device or a folder."""


class TooLargeError(OSError):
    """A file has more bytes than are read."""


class Read(NamedTuple):
    """The content of a file, and its status once it was read."""

    content: bytes
    status: os.stat_result


@contextmanager
def opened(path: Path | str) -> Iterator[FileIO]:
    """A regular file, opened for reading: a pipe is not waited for, a link not followed. Raises OSError."""
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
            raise NotRegularError(errno.EINVAL, "is no regular file", os.fspath(path))
        yield file


def read(path: Path | str, largest: int = LARGEST) -> Read:
    """The content of a regular file of at most `largest` bytes. Raises OSError: NotRegularError, TooLargeError, or another."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = bytearray()
        while size <= largest and len(content) <= largest and (piece := file.read(min(1 << 20, largest + 1 - len(content)))):
            content += piece
        if max(size, len(content)) > largest:  # it may grow while it is read
            raise TooLargeError(errno.EFBIG, "is too large", os.fspath(path))
        return Read(bytes(content), os.fstat(file.fileno()))


def read_deck(path: Path) -> bytes:
    """The content of a package on disk. Raises CardsError."""
    try:
        return read(path).content
    except OSError as error:
        raise CardsError(f"{path}: can't be read: {error.strerror or error}") from None


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place in one step: whoever looks sees the old one or the new one. Raises CardsError."""
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
            with suppress(OSError):  # the reason is worth more
                os.unlink(temporary)
            raise
    except OSError as error:
        raise unwritten(path, error) from None


def _umask() -> int:
    """What the user lets no new file have. It can only be read by setting it."""
    now = os.umask(0o077)
    os.umask(now)
    return now


def is_unfinished(name: str) -> bool:
    """Whether a file is one that a program which died had not put in place yet."""
    return name.startswith(UNFINISHED) and name.endswith(PART)


def settle(folder: Path) -> None:
    """Have the disk know what is where in a folder before more is written, so that a power cut can't undo the first alone."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def unwritten(path: Path, error: OSError) -> CardsError:
    """What is said of a file that can't be written."""
    return CardsError(f"{path}: can't be written: {error.strerror or error}")

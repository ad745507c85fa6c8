"""Errors that stop a command, and problems with one note, which do not."""

from __future__ import annotations

from msgspec import Struct


class CardsError(Exception):
    """Error that stops the whole command. Its text is a message for the user."""


class Problem(Struct, frozen=True, order=True):
    """Problem with one note; the build goes on.

    `path` is relative to the vault's root; `line` is 1-based, or 0 for the whole file.
    """

    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}"

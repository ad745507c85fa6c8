"""What goes wrong: in one note, which a build survives, or altogether."""

from __future__ import annotations

from msgspec import Struct


class CardsError(Exception):
    """Something that stops the whole command. Its text is a sentence for the user."""


class Problem(Struct, frozen=True, order=True):
    """An oddity in a note that does not stop the build.

    `path` is relative to the vault's root, `line` is 1-based (0 for the file as a whole).
    """

    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}"

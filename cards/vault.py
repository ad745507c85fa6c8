"""The vault's files: which notes there are, their text, and what they embed. Everything is read, nothing written.

No path leads outside the vault's root: links are resolved before a file is opened, and only regular files are.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from cards.config import Config
from cards.model import CardsError, Problem

NOTE_SUFFIXES = (".md", ".markdown")
IMAGES = frozenset(".png .jpg .jpeg .gif .webp .svg .avif .bmp .tif .tiff .ico".split())
SOUNDS = frozenset(".mp3 .ogg .oga .opus .wav .m4a .flac .aac .mp4 .webm .m4v .mov .mkv .ogv .3gp .aif .aiff".split())
LARGEST_MEDIA = 100 * 1024 * 1024  # bytes; AnkiWeb syncs no larger file
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})


def note_paths(config: Config, problems: list[Problem]) -> list[str]:
    """The notes to read, relative to the root, sorted. Symbolic links to folders are not followed."""
    found: set[str] = set()
    out = config.out.resolve()
    for given in config.notes:
        path = given.resolve()
        if path.is_dir():
            for each in _walk(path, out, config.root, problems):
                if config.wants(each):
                    found.add(each)
        else:
            relative = _relative(path, config.root)
            if relative is None:
                raise CardsError(f"{given}: lies outside the vault {config.root}")
            found.add(relative)
    return sorted(found)


def _walk(folder: Path, out: Path, root: Path, problems: list[Problem]) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        name = _relative(Path(error.filename), root) or str(error.filename)
        problems.append(Problem(name, 0, "unreadable", f"the folder can't be read: {error.strerror}"))

    for here, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS and Path(here, name) != out
        )
        for name in names:
            if name.lower().endswith(NOTE_SUFFIXES) and not name.startswith("."):
                relative = _relative(Path(here, name), root)
                if relative is not None:
                    yield relative


def _relative(path: Path, root: Path) -> str | None:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return None


def read_note(root: Path, path: str) -> str | Problem:
    """The text of a note, or the problem that keeps it from being read."""
    try:
        content = _read_inside(root, root / path)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links
        return Problem(path, 0, "unreadable", f"can't be read: {getattr(error, 'strerror', None) or error}")
    if content is None:
        return Problem(path, 0, "outside", "is no regular file inside the vault; it is left out")
    for encoding, mark in (("utf-8-sig", b""), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff")):
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                line = content.count(b"\n", 0, error.start) + 1
                problem = Problem(path, line, "encoding", "is not UTF-8; save it as UTF-8 to get its cards")
    return problem


def _read_inside(root: Path, path: Path) -> bytes | None:
    """The content of a regular file inside the root, None for anything else."""
    real = path.resolve(strict=True)
    if _relative(real, root) is None:
        return None
    # a FIFO must not be waited for, and a device never ends
    descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


class Media:
    """Finds what notes embed: beside the note, from the vault's root, else by its name anywhere in the vault."""

    def __init__(self, root: Path, out: Path) -> None:
        self.root = root
        self.out = out.resolve()
        self._by_name: dict[str, list[Path]] | None = None

    def find(self, note: str, target: str) -> Path | None:
        """The file a note's embed means, None where there is none inside the vault."""
        target = unquote(target.split("#")[0].split("?")[0]) if "%" in target or "#" in target or "?" in target else target
        target = target.replace("\\", "/").strip()
        if not target or "://" in target or "\x00" in target:
            return None
        wanted = PurePosixPath(target)
        beside = self.root / PurePosixPath(note).parent
        for candidate in (beside / target, self.root / target.lstrip("/")):
            if self._is_ours(candidate):
                return candidate.resolve()
        named = [path for path in self._index().get(wanted.name.casefold(), ()) if self._is_ours(path)]
        suffix = tuple(part.casefold() for part in wanted.parts if part not in ("/", ".", ".."))
        exact = [path for path in named if tuple(part.casefold() for part in path.parts)[-len(suffix) :] == suffix]
        # Obsidian takes the shortest path where a name stands more than once
        return min(exact or named, key=lambda path: (len(path.parts), str(path)), default=None)

    def read(self, path: Path) -> bytes | None:
        """The content of a found file, None where it is too large to sync or gone."""
        try:
            return _read_inside(self.root, path) if path.stat().st_size <= LARGEST_MEDIA else None
        except OSError:
            return None

    def _is_ours(self, path: Path) -> bool:
        try:
            real = path.resolve()
            return _relative(real, self.root) is not None and real.is_file() and real.suffix.lower() in IMAGES | SOUNDS
        except (OSError, ValueError, RuntimeError):
            return False

    def _index(self) -> dict[str, list[Path]]:
        if self._by_name is None:
            self._by_name = {}
            for here, folders, names in os.walk(self.root):
                folders[:] = sorted(
                    n for n in folders if not n.startswith(".") and n not in _SKIPPED_FOLDERS and Path(here, n) != self.out
                )
                for name in sorted(names):
                    if os.path.splitext(name)[1].lower() in IMAGES | SOUNDS:
                        self._by_name.setdefault(name.casefold(), []).append(Path(here, name))
        return self._by_name

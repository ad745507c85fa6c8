"""The vault's files: which notes there are, their text, and what they embed. Everything is read, nothing written.

No path leads outside the vault's root: links are resolved before a file is opened, and only regular files are.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from cards.model import CardsError, Problem
from cards.vault.config import Config
from cards.vault.note_files import Stamp, stamp_of

NOTE_SUFFIXES = (".md", ".markdown")
IMAGES = frozenset(".png .jpg .jpeg .gif .webp .svg .avif .bmp .tif .tiff .ico".split())
SOUNDS = frozenset(".mp3 .ogg .oga .opus .wav .m4a .flac .aac .mp4 .webm .m4v .mov .mkv .ogv .3gp .aif .aiff".split())
EMBEDDED = IMAGES | SOUNDS
LARGEST_MEDIA = 100 * 1024 * 1024  # bytes; AnkiWeb syncs no larger file
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})


class FileStat(NamedTuple):
    """A file as its folder lists it: the path from the root, bytes, and when its content and its entry last changed (ns)."""

    path: str
    size: int
    changed: int
    touched: int


class Tree(NamedTuple):
    """What a walk saw: the notes to read and the paths of media files, each sorted, and the folders that can't be read."""

    notes: tuple[FileStat, ...]
    media: tuple[str, ...]
    problems: tuple[Problem, ...]


def look_around(config: Config) -> Tree:
    """The notes to read, and what they could embed. Symbolic links to folders are not followed. Raises CardsError."""
    notes: dict[str, FileStat] = {}
    found = _Found([], [], [])
    for given in config.notes:
        path = given.resolve()
        relative = _relative(path, config.root)
        if relative is None:
            raise CardsError(f"{given}: lies outside the vault {config.root}")
        if path.is_dir():
            _walk(path, config, found)
        else:
            notes[relative] = FileStat(relative, *_stamp_of(path))
    if all(given.resolve() != config.root for given in config.notes):  # what is embedded may lie anywhere
        found.media.clear()
        _walk(config.root, config, _Found([], found.media, []))
    notes |= {note.path: note for note in found.notes if config.wants(note.path)}
    return Tree(tuple(notes[path] for path in sorted(notes)), tuple(sorted(set(found.media))), tuple(found.problems))


class _Found(NamedTuple):
    """What a walk has met so far."""

    notes: list[FileStat]
    media: list[str]
    problems: list[Problem]


def _walk(top: Path, config: Config, found: _Found) -> None:
    """All below a folder. Strings, since there may be many. Raises CardsError where the folder itself can't be read."""
    cut = len(str(config.root).rstrip("/\\")) + 1
    out = str(config.out.resolve())
    folders = [str(top)]

    def named(path: str) -> str:
        return path[cut:] if os.sep == "/" else path[cut:].replace(os.sep, "/")

    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listed:
                entries = list(listed)
        except OSError as error:
            if folder == str(top):
                raise CardsError(f"{top}: the folder can't be read: {error.strerror}") from None
            found.problems.append(Problem(named(folder), 0, "unreadable", f"the folder can't be read: {error.strerror}"))
            continue
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if not _is_text(name):
                shown = named(entry.path).encode("utf-8", "backslashreplace").decode()
                found.problems.append(Problem(shown, 0, "unreadable", "its name is not UTF-8; rename it"))
            elif entry.is_dir(follow_symlinks=False):
                if name not in _SKIPPED_FOLDERS and entry.path != out:
                    folders.append(entry.path)
            elif name.lower().endswith(NOTE_SUFFIXES):
                found.notes.append(FileStat(named(entry.path), *_stamp_of(entry)))
            elif os.path.splitext(name)[1].lower() in EMBEDDED:
                leads = f"\0{os.path.realpath(entry.path)}" if entry.is_symlink() else ""
                found.media.append(named(entry.path) + leads)


def _is_text(name: str) -> bool:
    """Whether a file's name is text, and not bytes that some other system left."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stamp_of(entry: os.DirEntry[str] | Path) -> Stamp:
    """The size and times of what a link leads to; zeros where it leads nowhere."""
    try:
        return stamp_of(entry.stat())
    except OSError:
        return 0, 0, 0


def _relative(path: Path, root: Path) -> str | None:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return None

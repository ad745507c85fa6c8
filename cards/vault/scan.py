"""List the notes and media files of a vault. Links to folders are not followed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from cards.model import CardsError, Problem
from cards.vault.config import Config
from cards.vault.note_files import Stamp, stamp_of

NOTE_SUFFIXES = (".md", ".markdown")
_TEXTS = (*NOTE_SUFFIXES, ".txt", ".mdx", ".qmd", ".rmd", "")  # what may hold Markdown, if it is given by name
IMAGES = frozenset(".png .jpg .jpeg .gif .webp .svg .avif .bmp .tif .tiff .ico".split())
SOUNDS = frozenset(".mp3 .ogg .oga .opus .wav .m4a .flac .aac .mp4 .webm .m4v .mov .mkv .ogv .3gp .aif .aiff".split())
EMBEDDED = IMAGES | SOUNDS
LARGEST_MEDIA = 100 * 1024 * 1024  # bytes; AnkiWeb syncs no larger file
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})


class FileStat(NamedTuple):
    """File in a vault: path from the root, size in bytes, mtime (`changed`) and ctime (`touched`) in ns since 1970."""

    path: str
    size: int
    changed: int
    touched: int


class Tree(NamedTuple):
    """Files of a vault: the notes to read and the paths of media files, both sorted, and problems with files or folders.

    A media path that is a link has `\\0` and the path of its target appended.
    """

    notes: tuple[FileStat, ...]
    media: tuple[str, ...]
    problems: tuple[Problem, ...]


def look_around(config: Config) -> Tree:
    """List the notes to read and all media files they could embed. Raises CardsError."""
    notes: dict[str, FileStat] = {}
    found = _Found([], [], [])
    for argument in config.notes:
        path = argument.resolve()
        relative = _relative(path, config.root)
        if relative is None:
            raise CardsError(f"{argument}: is outside the vault {config.root}")
        if path.is_dir():
            _walk(path, config, found)
        elif path.suffix.lower() not in _TEXTS:
            raise CardsError(f"{argument}: no note; give a Markdown file ({', '.join(NOTE_SUFFIXES)}) or a folder of them")
        else:
            notes[relative] = FileStat(relative, *_stamp_of(path))
    if all(argument.resolve() != config.root for argument in config.notes):  # media can be anywhere in the vault
        found.media.clear()
        _walk(config.root, config, _Found([], found.media, []))
    notes |= {note.path: note for note in found.notes if config.wants(note.path)}
    return Tree(tuple(notes[path] for path in sorted(notes)), tuple(sorted(set(found.media))), tuple(found.problems))


class _Found(NamedTuple):
    """Files and problems found so far."""

    notes: list[FileStat]
    media: list[str]
    problems: list[Problem]


def _walk(top: Path, config: Config, found: _Found) -> None:
    """Add all files below a folder to `found`. Raises CardsError if the folder itself can't be read.

    Paths are strings: a vault can have tens of thousands of files.
    """
    prefix = len(str(config.root).rstrip("/\\")) + 1
    out = str(config.out.resolve())
    folders = [str(top)]

    def from_root(path: str) -> str:
        return path[prefix:] if os.sep == "/" else path[prefix:].replace(os.sep, "/")

    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listed:
                entries = list(listed)
        except OSError as error:
            if folder == str(top):
                raise CardsError(f"{top}: the folder can't be read: {error.strerror}") from None
            found.problems.append(Problem(from_root(folder), 0, "unreadable", f"the folder can't be read: {error.strerror}"))
            continue
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if not _is_utf8(name):
                shown = from_root(entry.path).encode("utf-8", "backslashreplace").decode()
                found.problems.append(Problem(shown, 0, "unreadable", "its name is not UTF-8; rename it"))
            elif entry.is_dir(follow_symlinks=False):
                if name not in _SKIPPED_FOLDERS and entry.path != out:
                    folders.append(entry.path)
            elif name.lower().endswith(NOTE_SUFFIXES):
                found.notes.append(FileStat(from_root(entry.path), *_stamp_of(entry)))
            elif os.path.splitext(name)[1].lower() in EMBEDDED:
                target = f"\0{os.path.realpath(entry.path)}" if entry.is_symlink() else ""
                found.media.append(from_root(entry.path) + target)


def _is_utf8(name: str) -> bool:
    """Whether a file name is valid UTF-8. Python decodes other bytes to surrogates."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _stamp_of(entry: os.DirEntry[str] | Path) -> Stamp:
    """Return the stamp of a file, or of a link's target; zeros if there is none."""
    try:
        return stamp_of(entry.stat())
    except OSError:
        return 0, 0, 0


def _relative(path: Path, root: Path) -> str | None:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return None

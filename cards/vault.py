"""The vault's files: which notes there are, their text, and what they embed. Everything is read, nothing written.

No path leads outside the vault's root: links are resolved before a file is opened, and only regular files are.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from cards import files
from cards.config import Config
from cards.model import CardsError, Problem

NOTE_SUFFIXES = (".md", ".markdown")
IMAGES = frozenset(".png .jpg .jpeg .gif .webp .svg .avif .bmp .tif .tiff .ico".split())
SOUNDS = frozenset(".mp3 .ogg .oga .opus .wav .m4a .flac .aac .mp4 .webm .m4v .mov .mkv .ogv .3gp .aif .aiff".split())
EMBEDDED = IMAGES | SOUNDS
LARGEST_MEDIA = 100 * 1024 * 1024  # bytes; AnkiWeb syncs no larger file
LARGEST_NOTE = 10 * 1024 * 1024  # bytes; a long novel has three million
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})


class Seen(NamedTuple):
    """A file as its folder lists it: the path from the root, bytes, and when its content and its entry last changed (ns)."""

    path: str
    size: int
    changed: int
    touched: int


class Raw(NamedTuple):
    """The content of a note, and its size and times once it was read, as in `Seen`."""

    content: bytes
    stamp: tuple[int, int, int]


class Tree(NamedTuple):
    """What a walk saw: the notes to read and the paths of media files, each sorted, and the folders that can't be read."""

    notes: tuple[Seen, ...]
    media: tuple[str, ...]
    problems: tuple[Problem, ...]


class Content(NamedTuple):
    """A note's text, a hash of the bytes it was read from, and their stamp."""

    text: str
    digest: str
    stamp: tuple[int, int, int]


def look_around(config: Config) -> Tree:
    """The notes to read, and what they could embed. Symbolic links to folders are not followed. Raises CardsError."""
    _INSIDE.clear()
    notes: dict[str, Seen] = {}
    found = _Found([], [], [])
    for given in config.notes:
        path = given.resolve()
        relative = _relative(path, config.root)
        if relative is None:
            raise CardsError(f"{given}: lies outside the vault {config.root}")
        if path.is_dir():
            _walk(path, config, found)
        else:
            notes[relative] = Seen(relative, *_stamp_of(path))
    if all(given.resolve() != config.root for given in config.notes):  # what is embedded may lie anywhere
        found.media.clear()
        _walk(config.root, config, _Found([], found.media, []))
    notes |= {seen.path: seen for seen in found.notes if config.wants(seen.path)}
    return Tree(tuple(notes[path] for path in sorted(notes)), tuple(sorted(set(found.media))), tuple(found.problems))


class _Found(NamedTuple):
    """What a walk has met so far."""

    notes: list[Seen]
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
                found.notes.append(Seen(named(entry.path), *_stamp_of(entry)))
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


def _stamp_of(entry: os.DirEntry[str] | Path) -> tuple[int, int, int]:
    """The size and times of what a link leads to; zeros where it leads nowhere."""
    try:
        return _stamp(entry.stat())
    except OSError:
        return 0, 0, 0


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _relative(path: Path, root: Path) -> str | None:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return None


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
        read = _read_inside(root, os.path.join(root, path), LARGEST_NOTE)
    except files.TooLargeError:
        size = f"{LARGEST_NOTE // 1024**2} MiB"
        return Problem(path, 0, "large", f"is larger than {size}; it is left out: split it, or name it in `exclude`")
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links
        return Problem(path, 0, "unreadable", f"can't be read: {getattr(error, 'strerror', None) or error}")
    return read or Problem(path, 0, "outside", "is no regular file inside the vault; it is left out")


def digest(content: bytes) -> str:
    """What a content is known again by."""
    return hashlib.blake2b(content, digest_size=12).hexdigest()


def _read_inside(root: Path, path: str | Path, largest: int) -> Raw | None:
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
    return Raw(content, _stamp(status))  # of the end, so that a change while it was read shows


def _is_inside(root: str, folder: str) -> bool:
    """Whether a folder really lies in the root, whatever links lead there."""
    key = (root, folder)
    if key not in _INSIDE:
        real = os.path.realpath(folder)
        _INSIDE[key] = real == root or real.startswith(root if root.endswith(os.sep) else root + os.sep)
    return _INSIDE[key]


_INSIDE: dict[tuple[str, str], bool] = {}  # asked for every file of a folder; forgotten with every look around


class Media:
    """Finds what notes embed: beside the note, from the vault's root, else by its name anywhere in the vault."""

    def __init__(self, root: Path, tree: Tree) -> None:
        self.root = root
        self._by_name: dict[str, list[Path]] = {}
        for name in (each.partition("\0")[0] for each in tree.media):
            self._by_name.setdefault(_folded(name.rpartition("/")[2]), []).append(root / name)

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
        named = [path for path in self._by_name.get(_folded(wanted.name), ()) if self._is_ours(path)]
        suffix = tuple(_folded(part) for part in wanted.parts if part not in ("/", ".", ".."))
        exact = [path for path in named if tuple(map(_folded, path.parts))[-len(suffix) :] == suffix]
        # Obsidian takes the shortest path where a name stands more than once
        return min(exact or named, key=lambda path: (len(path.parts), str(path)), default=None)

    def read(self, path: Path) -> bytes | None:
        """The content of a found file, None where it is too large to sync or gone."""
        try:
            read = _read_inside(self.root, path, LARGEST_MEDIA)
        except OSError:
            return None
        return read.content if read else None

    def _is_ours(self, path: Path) -> bool:
        try:
            real = path.resolve()
            return _relative(real, self.root) is not None and real.is_file() and real.suffix.lower() in EMBEDDED
        except (OSError, ValueError, RuntimeError):
            return False


def _folded(name: str) -> str:
    """A name as systems compare it that ignore case, and how an accent is written (macOS)."""
    return unicodedata.normalize("NFC", name).casefold()

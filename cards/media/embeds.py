"""Media that cards embed, each file read once and named by its content."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from cards.anki.media_name import media_name
from cards.model import Cloze, Draft, Media, Problem, Prose, RunKind, paragraphs
from cards.vault.note_files import VaultFiles
from cards.vault.scan import EMBEDDED, LARGEST_MEDIA, SOUNDS, Tree

_DATA = re.compile(r"data:image/(?P<kind>png|jpe?g|gif|webp);base64,(?P<content>[\w+/=%-]+)", re.I)
_SUFFIXES = {"png": ".png", "jpeg": ".jpg", "jpg": ".jpg", "gif": ".gif", "webp": ".webp"}


def targets(draft: Draft) -> list[str]:
    """The targets of a draft's embeds, in reading order."""
    texts: list[Prose] = [draft.text if isinstance(draft, Cloze) else draft.front]
    texts += [paragraph.prose for paragraph in paragraphs(draft.back)]
    return [run.target for text in texts for run in text if run.kind is RunKind.IMAGE and run.target]


class Embeds:
    """Finds embedded files: beside the note, from the vault's root, else by name anywhere in the vault."""

    def __init__(self, files: VaultFiles, tree: Tree) -> None:
        self.root = files.root
        self._files = files
        self._by_name: dict[str, list[Path]] = {}
        for name in (file.partition("\0")[0] for file in tree.media):
            self._by_name.setdefault(_folded(name.rpartition("/")[2]), []).append(self.root / name)

    def find(self, note: str, target: str) -> Path | None:
        """Find the file of an embed, None if the vault has none."""
        target = unquote(target.split("#")[0].split("?")[0]) if "%" in target or "#" in target or "?" in target else target
        target = target.replace("\\", "/").strip()
        if not target or "://" in target or "\x00" in target:
            return None
        path_in_note = PurePosixPath(target)
        beside = self.root / PurePosixPath(note).parent
        for candidate in (beside / target, self.root / target.lstrip("/")):
            if self._is_ours(candidate):
                return candidate.resolve()
        named = [path for path in self._by_name.get(_folded(path_in_note.name), ()) if self._is_ours(path)]
        suffix = tuple(_folded(part) for part in path_in_note.parts if part not in ("/", ".", ".."))
        exact = [path for path in named if tuple(map(_folded, path.parts))[-len(suffix) :] == suffix]
        # among files of one name Obsidian takes the one with the shortest path
        return min(exact or named, key=lambda path: (len(path.parts), str(path)), default=None)

    def read(self, path: Path) -> bytes | None:
        """Read a file that `find` returned, None if it is gone or too large to sync."""
        try:
            file = self._files.read_inside(path, LARGEST_MEDIA)
        except OSError:
            return None
        return file.content if file else None

    def _is_ours(self, path: Path) -> bool:
        try:
            real = path.resolve()
            return real.is_relative_to(self.root) and real.is_file() and real.suffix.lower() in EMBEDDED
        except (OSError, ValueError, RuntimeError):
            return False


class MediaFiles:
    """The media that the cards of a run embed.

    `files` maps their names in the package to contents, `paths` are the files that were read.
    """

    def __init__(self, embeds: Embeds) -> None:
        self.embeds = embeds
        self.files: dict[str, bytes] = {}
        self._media: dict[Path, Media | None] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(map(str, self._media))

    def pack(self, draft: Draft) -> tuple[dict[str, Media], list[Problem]]:
        """Read a draft's embeds, by target, and list a problem for each file that is missing or can't be read."""
        media: dict[str, Media] = {}
        problems: list[Problem] = []
        for target in targets(draft):
            packed = self._pack(draft.place.note, draft.place.line, target)
            if isinstance(packed, Media):
                media[target] = packed
            elif packed:
                problems.append(packed)
        return media, problems

    def _pack(self, note: str, line: int, target: str) -> Media | Problem | None:
        if target.startswith(("http://", "https://")):
            return None
        if target.startswith("data:"):
            return self._inline(target)
        path = self.embeds.find(note, target)
        if path is None:
            if PurePosixPath(target).suffix.lower() not in EMBEDDED:
                return None
            return Problem(note, line, "media", f"{target} is not in the vault; the card shows its name instead")
        if path not in self._media:
            self._media[path] = self._read(path)
        unread = Problem(note, line, "unread", f"{path.name} can't be read, or is larger than Anki syncs (100 MiB)")
        return self._media[path] or unread

    def _inline(self, target: str) -> Media | None:
        """Pack a picture that the note holds as a data URL; None if it is none, or damaged."""
        match = _DATA.fullmatch(target)
        try:
            content = b64decode(unquote(match["content"]), validate=True) if match else b""
        except ValueError:
            return None
        if match is None or not content:
            return None
        name = media_name("picture", _SUFFIXES[match["kind"].lower()], content)
        self.files[name] = content
        return Media(name, "")

    def _read(self, path: Path) -> Media | None:
        content = self.embeds.read(path)
        if content is None:
            return None
        name = media_name(path.stem, path.suffix, content)
        self.files[name] = content
        return Media(name, str(path), path.suffix.lower() in SOUNDS)


def _folded(name: str) -> str:
    """Fold case and the spelling of accents (macOS), which some file systems ignore in names."""
    return unicodedata.normalize("NFC", name).casefold()

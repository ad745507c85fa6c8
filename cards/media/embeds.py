"""What cards embed: each file read once and named by its content."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from cards.anki.media_name import media_name
from cards.model import Cloze, Draft, Media, Problem, Prose, RunKind, paragraphs
from cards.vault.note_files import VaultFiles
from cards.vault.scan import EMBEDDED, LARGEST_MEDIA, SOUNDS, Tree


def targets(draft: Draft) -> list[str]:
    """What a draft embeds, in reading order."""
    prose: list[Prose] = [draft.text if isinstance(draft, Cloze) else draft.front]
    prose += [paragraph.prose for paragraph in paragraphs(draft.back)]
    return [run.target for each in prose for run in each if run.kind is RunKind.IMAGE and run.target]


class Embeds:
    """Finds what notes embed: beside the note, from the vault's root, else by its name anywhere in the vault."""

    def __init__(self, files: VaultFiles, tree: Tree) -> None:
        self.root = files.root
        self._files = files
        self._by_name: dict[str, list[Path]] = {}
        for name in (each.partition("\0")[0] for each in tree.media):
            self._by_name.setdefault(_folded(name.rpartition("/")[2]), []).append(self.root / name)

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
            read = self._files.read_inside(path, LARGEST_MEDIA)
        except OSError:
            return None
        return read.content if read else None

    def _is_ours(self, path: Path) -> bool:
        try:
            real = path.resolve()
            return real.is_relative_to(self.root) and real.is_file() and real.suffix.lower() in EMBEDDED
        except (OSError, ValueError, RuntimeError):
            return False


class MediaFiles:
    """The media that the cards of a run embed: each file read once, under a name made from its content.

    `files` holds their contents by name, `paths` says where they were read.
    """

    def __init__(self, embeds: Embeds) -> None:
        self.embeds = embeds
        self.files: dict[str, bytes] = {}
        self._found: dict[Path, Media | None] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(map(str, self._found))

    def pack(self, draft: Draft) -> tuple[dict[str, Media], list[Problem]]:
        """What a draft embeds, by its targets, and what of it is missing."""
        found: dict[str, Media] = {}
        problems: list[Problem] = []
        for target in targets(draft):
            media = self._pack(draft.place.note, draft.place.line, target)
            if isinstance(media, Media):
                found[target] = media
            elif media:
                problems.append(media)
        return found, problems

    def _pack(self, note: str, line: int, target: str) -> Media | Problem | None:
        if target.startswith(("http://", "https://")):
            return None
        path = self.embeds.find(note, target)
        if path is None:
            if PurePosixPath(target).suffix.lower() not in EMBEDDED:
                return None
            return Problem(note, line, "media", f"{target} is not in the vault; the card shows its name instead")
        if path not in self._found:
            self._found[path] = self._read(path)
        unread = Problem(note, line, "media", f"{path.name} can't be read, or is larger than Anki syncs (100 MiB)")
        return self._found[path] or unread

    def _read(self, path: Path) -> Media | None:
        content = self.embeds.read(path)
        if content is None:
            return None
        name = media_name(path.stem, path.suffix, content)
        self.files[name] = content
        return Media(name, str(path), path.suffix.lower() in SOUNDS)


def _folded(name: str) -> str:
    """A name as systems compare it that ignore case, and how an accent is written (macOS)."""
    return unicodedata.normalize("NFC", name).casefold()

"""What cards embed: each file read once and named by its content."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from cards import vault
from cards.model import Cloze, Draft, Kind, Media, Problem, Prose, paragraphs


def targets(draft: Draft) -> list[str]:
    """What a draft embeds, in reading order."""
    prose: list[Prose] = [draft.text if isinstance(draft, Cloze) else draft.front]
    prose += [paragraph.prose for paragraph in paragraphs(draft.back)]
    return [run.target for each in prose for run in each if run.kind is Kind.IMAGE and run.target]


class Packed:
    """The media of a run: each file read once, under a name made from its content."""

    def __init__(self, media: vault.Media, problems: list[Problem]) -> None:
        self.vault = media
        self.problems = problems
        self.files: dict[str, bytes] = {}
        self.known: dict[Path, Media | None] = {}

    def pack(self, note: str, line: int, target: str) -> Media | None:
        if target.startswith(("http://", "https://")):
            return None
        path = self.vault.find(note, target)
        if path is None:
            suffix = PurePosixPath(target).suffix.lower()
            if suffix in vault.IMAGES | vault.SOUNDS:
                message = f"{target} is not in the vault; the card shows its name instead"
                self._report(Problem(note, line, "media", message))
            return None
        if path not in self.known:
            self.known[path] = self._read(note, line, path)
        return self.known[path]

    def _read(self, note: str, line: int, path: Path) -> Media | None:
        from cards.exporter import media_name

        content = self.vault.read(path)
        if content is None:
            self._report(Problem(note, line, "media", f"{path.name} can't be read, or is larger than Anki syncs (100 MiB)"))
            return None
        name = media_name(path.stem, path.suffix, content)
        self.files[name] = content
        return Media(name, str(path), path.suffix.lower() in vault.SOUNDS)

    def _report(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

"""The notes of a run, read for looking at: each with its text, what it gave, and what a build would make of all of them."""

from __future__ import annotations

from dataclasses import dataclass

from cards.generator import generate
from cards.lint import checks
from cards.lint.checks import Finding, Read
from cards.model import Problem
from cards.parser import parse
from cards.pipeline.build import Collected, look
from cards.pipeline.load_notes import Progress
from cards.vault import note_files
from cards.vault.config import Config


@dataclass(frozen=True, slots=True)
class Examined:
    """`texts` are the notes' own words by path, `findings` those of all of them, `collected` their cards."""

    reads: tuple[Read, ...]
    texts: dict[str, str]
    findings: tuple[Finding, ...]
    collected: Collected


def examine(config: Config, progress: Progress | None = None) -> Examined:
    """Read every note of a run; with `progress` its clips are cut. Writes nothing but the cache. Raises CardsError."""
    collected = look(config, progress)
    reads, texts = [], {}
    for path in sorted(collected.seen.digests):  # the notes that were read
        content = note_files.read_note(config.root, path)
        if isinstance(content, Problem):  # not any more
            continue
        note = parse(content.text, path, config.options)
        reads.append(Read(note, generate(note, config.folder_of(path).kinds or config.kinds)))
        texts[path] = content.text
    return Examined(tuple(reads), texts, tuple(checks.findings(reads, collected.problems)), collected)

"""Settings that match nothing in the vault: most likely they are mistyped, and would cost the user cards."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from cards.model import CardsError
from cards.pipeline.load_notes import NoteCards
from cards.vault.config import Config, is_any


def refuse_unmatched(config: Config, paths: Sequence[str], notes: Iterable[tuple[str, NoteCards]]) -> None:
    """Raise CardsError for a folder, glob or section of `cards.toml` that nothing matches.

    `paths` are the notes of the vault that are read. Only a run over the whole vault can tell.
    """
    if not paths or not any(given.resolve() == config.root for given in config.notes):
        return
    for name in config.folders:
        if not (config.root / name).is_dir():
            folders = [path.relative_to(config.root).as_posix() for path in config.root.rglob("*") if path.is_dir()]
            raise CardsError(f"cards.toml: there is no folder “{name}”{_near(name, folders)}")
    for glob in config.include:
        if not any(is_any(path, (glob,)) for path in paths):
            raise CardsError(f"cards.toml: include: “{glob}” matches no note")
    if config.options.sections:
        found = {each for _, cards in notes for each in cards.chosen}
        missing = [each for each in config.options.sections if each not in found]
        if missing:
            raise CardsError(f"cards.toml: sections: no note has a heading “{missing[0]}”; correct it, or take it out")


def _near(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean “{near[0]}”?" if near else ""

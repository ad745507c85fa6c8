"""Which vault the decks in a folder belong to."""

from __future__ import annotations

import os
from pathlib import Path

from cards.model import CardsError

_LONGEST_HEADER = 10_000  # bytes of a ledger's first line


def path_to_root(out: Path, root: Path) -> str:
    """The path from the folder of the decks to the vault's root, as the ledger keeps it."""
    try:
        return Path(os.path.relpath(root, out.resolve())).as_posix()
    except ValueError:  # another drive
        return root.as_posix()


def within(out: Path, folder: Path) -> Path:
    """The folder of the decks, which nobody named. Raises CardsError for a link that leads elsewhere, as a clone may have."""
    try:
        inside = out.resolve().is_relative_to(folder.resolve()) or not Path(os.path.abspath(out)).is_relative_to(folder)
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise CardsError(f"{out}: a link leads out of {folder}; name the folder of the decks with -o")
    return out


def known_root(root: Path, out: Path) -> tuple[Path, Path | None, str]:
    """The root to use, given the notes that the ledger in `out` remembers; `foreign` and `rebase` as in Config.

    A part of a vault is not a new vault: the root stays the known one, unless the ledger lies in that part. Nor is a larger
    vault a new one: the paths that the ledger knows become longer. Raises CardsError.
    """
    from cards.identity import ledger_file
    from cards.vault import files

    try:
        with files.opened(out / ledger_file.NAME) as file:
            path = ledger_file.root_of(file.readline(_LONGEST_HEADER).decode())
        known = (out.resolve() / path).resolve()
    except (OSError, ValueError, RuntimeError):  # a loop of links is a RuntimeError
        return root, None, ""
    if not path or known == root or not known.is_dir():
        return root, None, ""
    if root in known.parents:
        return root, None, known.relative_to(root).as_posix()
    if known in root.parents and out.resolve().is_relative_to(root):  # it came with the notes, and may be anyone's
        raise CardsError(
            f"{out / ledger_file.NAME}: remembers the notes in {known}, and {root} is a part of them; build those, or choose "
            "another folder with -o"
        )
    return (known, None, "") if known in root.parents else (root, known, "")


def common_folder(paths: tuple[Path, ...]) -> Path:
    """The folder that all paths lie in; a single path is itself."""
    if len(paths) == 1:
        return paths[0]
    folders = [path.resolve() if path.is_dir() else path.resolve().parent for path in paths]
    for candidate in (folders[0], *folders[0].parents):
        if all(folder == candidate or candidate in folder.parents for folder in folders):
            return candidate
    return Path(folders[0].anchor)

"""`cards.toml`: what a vault's owner wants done differently. Flags win over frontmatter, frontmatter over the file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from pathlib import Path, PurePosixPath

from cards.model import CardsError, Kinds, ParseOptions
from cards.vault import cards_toml
from cards.vault.cards_toml import NAME, CardsToml, FolderTable
from cards.vault.root import common_folder, known_root, within

DEFAULT_EXCLUDE = ("*.excalidraw.md",)
DEFAULT_DECK = "Takeaways"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one run. `root` is the vault, `notes` the files and folders to read, `out` where decks go.

    `foreign` is the root of the notes that the decks in `out` belong to, if that is not this vault; `rebase` is the path from
    this root to the one that the ledger's paths start from, if the vault grew. `recording` is the file to cut the clips of a
    single note from. `select` and `ignore` are codes of findings; `jobs` is the number of processes, None for one a core.
    """

    root: Path
    notes: tuple[Path, ...]
    out: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    deck: str | None = None
    kinds: Kinds = "both"
    twins: bool = False
    cue: str | None = None
    tags: tuple[str, ...] = ()
    vault: str | None = None
    options: ParseOptions = field(default_factory=ParseOptions)
    folders: dict[str, FolderTable] = field(default_factory=dict)
    foreign: Path | None = None
    rebase: str = ""
    clips: bool = True
    recording: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    jobs: int | None = field(default=None, compare=False, repr=False)

    @property
    def chooses(self) -> bool:
        """Whether `cards.toml` leaves notes out."""
        return bool(self.include) or self.exclude != DEFAULT_EXCLUDE

    def wants(self, path: str) -> bool:
        """Whether a note (relative to the root) is to be read."""
        return (not self.include or is_any(path, self.include)) and not is_any(path, self.exclude)

    def folder_of(self, path: str) -> FolderTable:
        """The settings of the folders above a note, the nearest first."""
        deck: str | None = None
        kinds: Kinds | None = None
        for parent in PurePosixPath(path).parents:
            one = self.folders.get(str(parent))
            if one:
                deck, kinds = deck or one.deck, kinds or one.kinds
        return FolderTable(deck=deck, kinds=kinds)


def is_any(path: str, globs: tuple[str, ...]) -> bool:
    """Whether a path, its name, or a folder above it matches one of the globs."""
    pattern = _globbed(globs)
    return bool(pattern.match(path) or pattern.match(path.rpartition("/")[2]))


@lru_cache(maxsize=16)
def _globbed(globs: tuple[str, ...]) -> re.Pattern[str]:
    """What matches a path, its name, or a folder above it against any of the globs."""
    stripped = [glob.rstrip("/") for glob in globs]
    return re.compile("|".join(translate(each) for glob in stripped for each in (glob, f"{glob}/*")) or r"(?!)")


def find(start: Path) -> Path | None:
    """The `cards.toml` of the vault that a path lies in: in its folder or the nearest one above."""
    folder = start if start.is_dir() else start.parent
    for each in (folder, *folder.parents):
        with suppress(OSError):  # a folder that can't be looked into
            if (each / NAME).is_file():
                return each / NAME
    return None


def load(
    paths: tuple[Path, ...], out: Path | None, file: Path | None, deck: str | None, recording: Path | None = None
) -> Config:
    """The settings for these paths. Raises CardsError for what can't be read, with the line and the nearest key."""
    _check_arguments(paths, out, recording)
    start = common_folder(paths) if paths else Path.cwd()
    file = file or find(start.resolve())
    if file is None:
        given, folder = CardsToml(), start if start.is_dir() else start.parent
        out = out or within(Path("decks"), Path.cwd())
        root, foreign, rebase = known_root(folder.resolve(), out)
        notes = paths or (folder,)
    else:
        given, root = cards_toml.read(file), file.parent.resolve()
        out = out or within(root / given.out, root)
        known, foreign, rebase = known_root(root, out)
        foreign = foreign or (known if known != root else None)
        notes = paths or tuple(root / path for path in given.notes)
        for path in notes:
            if not path.exists():
                raise CardsError(f"{file}: notes: {path} does not exist")
    return Config(
        root=root,
        notes=notes,
        out=out,
        include=given.include,
        exclude=(*DEFAULT_EXCLUDE, *given.exclude),
        deck=deck or given.deck,
        kinds=given.kinds,
        twins=given.twins,
        cue=given.cue,
        tags=given.tags,
        vault=given.vault,
        options=_options(given),
        folders={name.strip("/"): table for name, table in given.folders.items()},
        foreign=foreign,
        rebase=rebase,
        clips=given.clips,
        recording=recording,
        select=given.lint.select,
        ignore=given.lint.ignore,
    )


def _check_arguments(paths: tuple[Path, ...], out: Path | None, recording: Path | None) -> None:
    """Raise CardsError for paths that are not there or can't be written down, and for a recording of several notes."""
    for path in paths:
        if not path.exists():
            raise CardsError(f"{path}: no such file or folder")
    for path in (*paths, out or Path(), Path.cwd()):
        if str(path) != os.fsencode(path).decode("utf-8", "replace"):
            raise CardsError(f"{path}: its name is not UTF-8; rename it")
    if recording and not (len(paths) == 1 and paths[0].is_file()):
        raise CardsError(f"--recording {recording}: is for one note; name it as `audio:` in the frontmatter of each of several")


def _options(given: CardsToml) -> ParseOptions:
    """The settings that the parser needs."""
    lists = (given.takeaway_headings, given.skipped_headings, given.bare_labels)
    if not (any(lists) or given.sections or given.only_tagged or given.recordings):
        return ParseOptions()
    from cards.text.vocabulary import heading_key  # most vaults have no words of their own
    from cards.timestamps import providers

    takeaways, skipped, bare = (tuple(map(heading_key, each)) for each in lists)
    return ParseOptions(
        takeaway_headings=takeaways,
        skipped_headings=skipped,
        bare_labels=bare,
        sections=given.sections,
        only_tagged=tuple(tag.lstrip("#").casefold() for tag in given.only_tagged),
        recordings=tuple((providers.host(f"https://{name}"), link) for name, link in given.recordings.items()),
    )

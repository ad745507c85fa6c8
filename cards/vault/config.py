"""`cards.toml`: what a vault's owner wants done differently. Flags win over frontmatter, frontmatter over the file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from pathlib import Path, PurePosixPath

from cards.lint.rules import check_codes
from cards.model import CardsError, Kinds, ParseOptions
from cards.vault.root import common_folder, known_root, within

NAME = "cards.toml"
KINDS = ("qa", "cloze", "both")
DEFAULT_EXCLUDE = ("*.excalidraw.md",)
DEFAULT_DECK = "Takeaways"


@dataclass(frozen=True, slots=True)
class Folder:
    """What holds for the notes below one folder."""

    deck: str | None = None
    kinds: Kinds | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one run. `root` is the vault, `notes` the files and folders to read, `out` where decks go.

    `foreign` is the root of the notes that the decks in `out` belong to, where it is not this vault; `rebase` is the way
    from this root to the one that the ledger's paths start from, where the vault grew. `clips` says whether to cut them,
    `recording` is the file to cut them from where there is one note. `select` and
    `ignore` are codes of findings; `jobs` is the number of processes, None for one a core.
    """

    root: Path
    notes: tuple[Path, ...]
    out: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    deck: str | None = None
    kinds: Kinds = "both"
    tags: tuple[str, ...] = ()
    vault: str | None = None
    options: ParseOptions = field(default_factory=ParseOptions)
    folders: dict[str, Folder] = field(default_factory=dict)
    foreign: Path | None = None
    rebase: str = ""
    clips: bool = True
    recording: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    jobs: int | None = field(default=None, compare=False, repr=False)

    def wants(self, path: str) -> bool:
        """Whether a note (relative to the root) is to be read."""
        return (not self.include or _is_any(path, self.include)) and not _is_any(path, self.exclude)

    def folder_of(self, path: str) -> Folder:
        """The settings of the folders above a note, the nearest first."""
        deck: str | None = None
        kinds: Kinds | None = None
        for parent in PurePosixPath(path).parents:
            one = self.folders.get(str(parent))
            if one:
                deck, kinds = deck or one.deck, kinds or one.kinds
        return Folder(deck, kinds)


def _is_any(path: str, globs: tuple[str, ...]) -> bool:
    pattern = _globbed(globs)
    return bool(pattern.match(path) or pattern.match(path.rpartition("/")[2]))


@lru_cache(maxsize=16)
def _globbed(globs: tuple[str, ...]) -> re.Pattern[str]:
    """What matches a path, its name, or a folder above it against any of the globs."""
    stripped = [glob.rstrip("/") for glob in globs]
    return re.compile("|".join(translate(each) for glob in stripped for each in (glob, f"{glob}/*")) or r"(?!)")


_STRING = "a text"
_STRINGS = "a list of texts"
_SWITCH = "true or false"
_KEYS = {
    "notes": _STRINGS,
    "out": _STRING,
    "include": _STRINGS,
    "exclude": _STRINGS,
    "deck": _STRING,
    "kinds": _STRING,
    "tags": _STRINGS,
    "vault": _STRING,
    "sections": _STRINGS,
    "takeaway-headings": _STRINGS,
    "skipped-headings": _STRINGS,
    "bare-labels": _STRINGS,
    "clips": _SWITCH,
    "lint": "a table",
    "recordings": "a table",
    "folders": "a table",
}
_LINT_KEYS = {"select": _STRINGS, "ignore": _STRINGS}
_FOLDER_KEYS = {"deck": _STRING, "kinds": _STRING}


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
    for path in paths:
        if not path.exists():
            raise CardsError(f"{path}: no such file or folder")
    for path in (*paths, out or Path(), Path.cwd()):
        if str(path) != os.fsencode(path).decode("utf-8", "replace"):
            raise CardsError(f"{path}: its name is not UTF-8; rename it")
    if recording and not (len(paths) == 1 and paths[0].is_file()):
        raise CardsError(f"--recording {recording}: is for one note; name it as `audio:` in the frontmatter of each of several")
    start = common_folder(paths) if paths else Path.cwd()
    file = file or find(start.resolve())
    if file is None:
        folder = start if start.is_dir() else start.parent
        out = out or within(Path("decks"), Path.cwd())
        root, foreign, rebase = known_root(folder.resolve(), out)
        return Config(root, paths or (folder,), out, deck=deck, foreign=foreign, rebase=rebase, recording=recording)
    from cards.text.vocabulary import heading_key
    from cards.timestamps import providers

    given = _read(file)
    root = file.parent.resolve()
    out = out or within(root / given.get("out", "decks"), root)
    known, foreign, rebase = known_root(root, out)
    notes = paths or tuple(root / one for one in given.get("notes", ["."]))
    for path in notes:
        if not path.exists():
            raise CardsError(f"{file}: notes: {path} does not exist")
    extra = ParseOptions(
        takeaway_headings=tuple(map(heading_key, given.get("takeaway-headings", ()))),
        skipped_headings=tuple(map(heading_key, given.get("skipped-headings", ()))),
        bare_labels=tuple(map(heading_key, given.get("bare-labels", ()))),
        sections=tuple(given.get("sections", ())),
        recordings=tuple(
            (providers.host(f"https://{name}"), template) for name, template in given.get("recordings", {}).items()
        ),
    )
    return Config(
        root,
        notes,
        out,
        tuple(given.get("include", ())),
        (*DEFAULT_EXCLUDE, *given.get("exclude", ())),
        deck or given.get("deck"),
        given.get("kinds", "both"),
        tuple(given.get("tags", ())),
        given.get("vault"),
        extra,
        {name.strip("/"): Folder(one.get("deck"), one.get("kinds")) for name, one in given.get("folders", {}).items()},
        foreign or (known if known != root else None),
        rebase,
        given.get("clips", True),
        recording,
        tuple(given.get("lint", {}).get("select", ())),
        tuple(given.get("lint", {}).get("ignore", ())),
    )


def _read(file: Path) -> dict:  # type: ignore[type-arg]  # checked key by key below
    import tomllib

    from cards.timestamps import providers

    try:
        text = file.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise CardsError(f"{file}: can't be read: {error}") from None
    _check(file, text, given, _KEYS, "")
    _check(file, text, given.get("lint", {}), _LINT_KEYS, "lint.")
    for key, codes in given.get("lint", {}).items():
        check_codes(codes, f"{_place(file, text, key)}: lint.{key}")
    for name, template in given.get("recordings", {}).items():
        if not providers.is_template(template):
            raise CardsError(
                f"{_place(file, text, name)}: recordings.{name} must be a link made of {{url}}, {{seconds}}, {{end}}, {{hms}}"
            )
    for name, one in given.get("folders", {}).items():
        if not isinstance(one, dict):
            raise CardsError(f"{_place(file, text, name)}: folders.{name} must be a table with deck or kinds")
        _check(file, text, one, _FOLDER_KEYS, f"folders.{name}.")
    return given


def _check(file: Path, text: str, given: dict[str, object], known: dict[str, str], prefix: str) -> None:
    import difflib

    for key, value in given.items():
        where = _place(file, text, key)
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"known keys are {', '.join(known)}"
            raise CardsError(f"{where}: unknown key {prefix}{key}; {hint}")
        right = {
            _STRING: isinstance(value, str),
            _SWITCH: isinstance(value, bool),
            _STRINGS: isinstance(value, list) and all(isinstance(one, str) for one in value),
        }.get(known[key], isinstance(value, dict))
        if not right:
            raise CardsError(f"{where}: {prefix}{key} must be {known[key]}")
        if key in ("notes", "out") and (not value or "\0" in str(value) or "\\x00" in str(value)):
            raise CardsError(f"{where}: {prefix}{key} must name a path")
        if key == "kinds" and value not in KINDS:
            raise CardsError(f"{where}: {prefix}kinds must be one of {', '.join(KINDS)}, not {value!r}")


def _place(file: Path, text: str, key: str) -> str:
    found = re.search(rf"^[ \t]*(?:\[[^\]\n]*)?[\"']?{re.escape(key)}(?!\w)", text, re.M)
    return f"{file}:{text.count(chr(10), 0, found.start()) + 1}" if found else str(file)

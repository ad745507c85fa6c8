"""`cards.toml`: what a vault's owner wants done differently. Flags win over frontmatter, frontmatter over the file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from cards.model import CardsError, Kinds, Options

NAME = "cards.toml"
CACHE = ".cache"  # the folder in that of the decks that may be deleted
_LONGEST_HEADER = 10_000  # bytes of a ledger's first line
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
    options: Options = field(default_factory=Options)
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
    start = _common(paths) if paths else Path.cwd()
    file = file or find(start.resolve())
    if file is None:
        folder = start if start.is_dir() else start.parent
        out = out or _within(Path("decks"), Path.cwd())
        root, foreign, rebase = _known_root(folder.resolve(), out)
        return Config(root, paths or (folder,), out, deck=deck, foreign=foreign, rebase=rebase, recording=recording)
    from cards import links
    from cards.vocabulary import heading_key

    given = _read(file)
    root = file.parent.resolve()
    out = out or _within(root / given.get("out", "decks"), root)
    known, foreign, rebase = _known_root(root, out)
    notes = paths or tuple(root / one for one in given.get("notes", ["."]))
    for path in notes:
        if not path.exists():
            raise CardsError(f"{file}: notes: {path} does not exist")
    extra = Options(
        tuple(map(heading_key, given.get("takeaway-headings", ()))),
        tuple(map(heading_key, given.get("skipped-headings", ()))),
        tuple(map(heading_key, given.get("bare-labels", ()))),
        tuple(given.get("sections", ())),
        tuple((links.host(f"https://{name}"), template) for name, template in given.get("recordings", {}).items()),
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


def check_codes(codes: Iterable[str], where: str) -> None:
    """Raise CardsError where one is no code of a finding, nor the beginning of some."""
    import difflib

    from cards.rules import BY_CODE

    for code in codes:
        if not any(known.startswith(code) for known in BY_CODE) or not code:
            near = difflib.get_close_matches(code.upper(), BY_CODE, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(BY_CODE)}"
            raise CardsError(f"{where}: {code} is no code of a finding; {hint}")


@lru_cache(maxsize=1)
def version() -> str:
    """What tells this code from another version of it, and of what it reads notes with: size and time of the files."""
    found: list[tuple[str, int, int]] = []
    for folder, below, names in os.walk(Path(__file__).parent):
        below[:] = [name for name in below if name != "__pycache__"]
        paths = [os.path.join(folder, name) for name in names]
        found += [(path, status.st_size, status.st_mtime_ns) for path in paths if (status := os.stat(path))]
    for package in ("frontmatter", "genanki", "markdown_it", "mdit_py_plugins", "sentencex", "yaml"):
        if (spec := find_spec(package)) and spec.origin:
            found.append((package, os.stat(spec.origin).st_size, os.stat(spec.origin).st_mtime_ns))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


def way_to_root(out: Path, root: Path) -> str:
    """The way from the folder of the decks to the vault's root, as the ledger keeps it."""
    try:
        return Path(os.path.relpath(root, out.resolve())).as_posix()
    except ValueError:  # another drive
        return root.as_posix()


def _within(out: Path, folder: Path) -> Path:
    """The folder of the decks, where nobody named it: in a clone a link may stand in its place. Raises CardsError."""
    try:
        inside = out.resolve().is_relative_to(folder.resolve()) or not Path(os.path.abspath(out)).is_relative_to(folder)
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise CardsError(f"{out}: a link leads out of {folder}; name the folder of the decks with -o")
    return out


def _known_root(root: Path, out: Path) -> tuple[Path, Path | None, str]:
    """The root to use, seeing which notes the ledger in `out` is the memory of; `foreign` and `rebase` as in Config.

    Building a part of a vault is no new vault: its root stays the known one, unless the ledger lies in that part. Building
    more than before is none either: the paths that the ledger knows become longer. Raises CardsError.
    """
    from cards import files, ledger

    try:
        with files.opened(out / ledger.NAME) as file:
            way = ledger.root_of(file.readline(_LONGEST_HEADER).decode())
        known = (out.resolve() / way).resolve()
    except (OSError, ValueError, RuntimeError):  # a way over a loop of links is a RuntimeError
        return root, None, ""
    if not way or known == root or not known.is_dir():
        return root, None, ""
    if root in known.parents:
        return root, None, known.relative_to(root).as_posix()
    if known in root.parents and out.resolve().is_relative_to(root):  # it came with the notes, and may be anyone's
        raise CardsError(
            f"{out / ledger.NAME}: it is the memory of the notes in {known}, of which {root} is a part; build those, or choose "
            "another folder with -o"
        )
    return (known, None, "") if known in root.parents else (root, known, "")


def _common(paths: tuple[Path, ...]) -> Path:
    if len(paths) == 1:
        return paths[0]
    folders = [path.resolve() if path.is_dir() else path.resolve().parent for path in paths]
    for candidate in (folders[0], *folders[0].parents):
        if all(folder == candidate or candidate in folder.parents for folder in folders):
            return candidate
    return Path(folders[0].anchor)


def _read(file: Path) -> dict:  # type: ignore[type-arg]  # checked key by key below
    import tomllib

    from cards import links

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
        if not links.is_template(template):
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

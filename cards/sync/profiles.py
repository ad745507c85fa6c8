"""Where Anki keeps its profiles. Nothing of a profile is read but its name and its folder."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from cards.model import CardsError

COLLECTION = "collection.anki2"


def base() -> Path:
    """Anki's folder: `ANKI_BASE`, else where Anki keeps it on this system."""
    if given := os.environ.get("ANKI_BASE"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home()), "Anki2")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Anki2"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share", "Anki2")


def names(folder: Path) -> list[str]:
    """The names of the profiles in Anki's folder that have a collection."""
    try:
        with closing(sqlite3.connect(f"{(folder / 'prefs21.db').resolve().as_uri()}?mode=ro", uri=True, timeout=1)) as database:
            rows = [str(name) for (name,) in database.execute("select name from profiles where name != '_global'")]
    except sqlite3.Error:
        rows = [path.parent.name for path in folder.glob(f"*/{COLLECTION}")] if folder.is_dir() else []
    return sorted(name for name in rows if (folder / name / COLLECTION).is_file())


def find(profile: str | None) -> Path:
    """The collection of a profile, of the only one if none is named. Raises CardsError."""
    folder = base()
    known = names(folder)
    if not known:
        raise CardsError(f"{folder}: no Anki profile here; name a collection with --collection, or set ANKI_BASE")
    listed = ", ".join(known)
    if profile is None and len(known) > 1:
        raise CardsError(f"{folder}: there are {len(known)} Anki profiles; name one with --profile: {listed}")
    if profile is not None and profile not in known:
        raise CardsError(f"{folder}: no Anki profile {profile!r}; there are {listed}")
    return folder / (profile or known[0]) / COLLECTION

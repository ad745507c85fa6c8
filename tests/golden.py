"""What a vault gives, as hashes: every package and ledger, and what `list`, `lint` and `diff` print as JSON.

A change of the code that is to change nothing is held against them. A package is hashed by its content, since zlib and SQLite
write their bytes otherwise from version to version; with `raw` by its bytes, which must be the same on one machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

_CASE = re.compile(r"^=== [^\n]+\n(?P<note>.*?)^>>>\n", re.M | re.S)
_TABLES = ("col", "notes", "cards", "graves", "revlog")
FIRST, SECOND = 1_795_400_000, 1_795_500_000  # seconds since 1970: when the vault is built, and built again


def hashes(notes: Path, work: Path, *, raw: bool = False) -> dict[str, str]:
    """The hashes of a vault by name: as it is, then after every note was edited. `work` is an empty folder."""
    vault, out = work / "vault", work / "decks"
    shutil.copytree(notes, vault)
    found: dict[str, str] = {}
    for step, now in (("first", FIRST), ("edited", SECOND)):
        if step == "edited":
            for note in sorted(vault.rglob("*.md")):
                edit(note)
        for command in ("diff", "list", "list --skipped", "lint"):
            found[f"{step} {command}"] = _hash(_cards(f"{command} --json", vault, out, now).encode())
        found[f"{step} build"] = _hash(
            re.sub(r'"path": "[^"]*"', "", _cards("build --json --retire", vault, out, now)).encode()
        )
        for path in sorted(out.glob("*.apkg")):
            found[f"{step} {path.name}"] = _hash(path.read_bytes() if raw else content(path))
        ledger = next(out.glob("ledger.*")).read_text(encoding="utf-8")
        found[f"{step} ledger"] = _hash(re.sub(r'"root": "[^"]*"', "", ledger).encode())
    return found


def edit(note: Path) -> None:
    """Change a note as its author may: the last line moves up, a few words and a bold change."""
    head, mark, body = note.read_bytes().decode("utf-8", "surrogateescape").partition("\n---\n")
    if not mark:
        head, body = "", head
    lines = body.split("\n")
    text = "\n".join([*lines[:1], *lines[-2:-1], *lines[1:-2], ""])
    text = re.sub(r"\bthe\b", "this", text, count=3).replace(" and ", " or ", 2).replace("**", "", 2 * (len(text) % 2))
    note.write_bytes(f"{head}{mark}{text}".encode("utf-8", "surrogateescape"))


def fixtures(folder: Path, into: Path) -> None:
    """Write the cases of the fixtures in a folder as the notes of a vault, each file a folder."""
    for file in sorted(folder.glob("*.md")):
        for number, case in enumerate(_CASE.finditer(file.read_text(encoding="utf-8"))):
            note = into / file.stem / f"{number:03}.md"
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(case["note"], encoding="utf-8")


def content(package: Path) -> bytes:
    """What a package holds, without the bytes that depend on the versions of zlib and SQLite."""
    with zipfile.ZipFile(package) as opened:
        parts = [(info.filename, info.date_time, info.external_attr) for info in opened.infolist()]
        files = [opened.read(name) for name, *_ in parts if name != "collection.anki2"]
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(opened.read("collection.anki2"))
            rows = {table: database.execute(f"select * from {table}").fetchall() for table in _TABLES}
            schema = database.execute("select type, name, tbl_name, sql from sqlite_master").fetchall()
    return repr((parts, files, schema, rows)).encode()


def _cards(command: str, vault: Path, out: Path, now: int) -> str:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(now)}
    ran = subprocess.run(
        [sys.executable, "-m", "cards", *command.split(), str(vault), "-o", str(out)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]

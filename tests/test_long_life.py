"""Years of use: a short run of the simulation, ledgers of every format there ever was, and caches of another version."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from cards.identity import ledger_file
from cards.identity.ledger import Entry, Ledger, Phrase
from cards.model import CardsError
from cards.pipeline import state
from cards.pipeline.build import build
from cards.vault import cache
from cards.vault.config import Config
from tests.vaults import ROOT, built, configured, edit, write

LEDGERS = ROOT / "tests" / "fixtures" / "ledgers"
LATER = "1900000000"


def test_a_few_weeks_break_no_law() -> None:
    pytest.importorskip("anki.collection", reason="pip install 'takeaway-cards[anki]' to test against the real Anki")
    command = [sys.executable, "trials/years.py", "--notes", "6", "--edits", "110", "--weeks", "22"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = dict(line.rsplit(maxsplit=1) for line in ran.stdout.splitlines()[1:] if line.strip())
    for name in ("reviews", "merges", "refusals", "conflicts in notes", "edits in Anki", "edited, kept"):
        assert int(said[name].replace(",", "")) > 0, name
    assert said["WRONG"] == said["unchanged, LOST"] == said["laws broken"] == "0"


# ---------------------------------------------------------------------------------------------------------- old ledgers

# one of each format that was ever written: kept as it was, never made anew
GOLDEN = sorted(path.name for path in LEDGERS.glob("*.jsonl"))


def _vault(folder: Path, text: str) -> Path:
    """The notes that the golden ledgers are of, with a ledger of this text beside them."""
    shutil.copytree(LEDGERS / "notes", folder)
    return write(folder, {f"decks/{ledger_file.NAME}": text})


def _golden(name: str) -> str:
    return (LEDGERS / name).read_text(encoding="utf-8")


def test_the_format_of_today_has_a_golden_ledger() -> None:
    text = _golden(f"{ledger_file.FORMAT}.jsonl")
    assert ledger_file.dump(ledger_file.load(text).values(), "..") == text


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_ledger_is_read(name: str) -> None:
    entries = ledger_file.load(_golden(name))
    assert len(entries) == 9
    pilots = next(entry for entry in entries.values() if entry.block == "pilots")
    assert pilots.phrases == (Phrase(1, "banks by name", True), Phrase(2, "currents by hour", False))
    assert pilots.mod == 1795600000
    (lamp,) = (entry for entry in entries.values() if not entry.live)
    assert (lamp.ask, lamp.retired) == ("old lamp", 1795500000)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_build_upon_a_golden_ledger_keeps_everything(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", LATER)
    text = _golden(name)
    vault = _vault(tmp_path / "vault", text)
    report = built(vault)
    assert report.result.changes == ()
    # guids, numbers and times are those of then, and so is all the rest
    assert _of_then(report.result.entries) == _of_then(ledger_file.load(text))
    written = ledger_file.load((vault / "decks" / ledger_file.NAME).read_text(encoding="utf-8"))
    assert written == report.result.entries
    assert all(entry.content for entry in written.values() if entry.live)


def _of_then(entries: Ledger) -> dict[str, Entry]:
    """The entries as formats 1 and 2 knew them."""
    return {guid: replace(entry, content="") for guid, entry in entries.items()}


@pytest.mark.parametrize("name", GOLDEN)
def test_what_comes_back_is_what_a_golden_ledger_remembers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", LATER)
    known = ledger_file.load(_golden(name))
    vault = _vault(tmp_path / "vault", _golden(name))
    edit(vault / "Sea.md", "banks by name", "**banks by name**")
    with (vault / "Sea.md").open("a", encoding="utf-8") as note:
        note.write("- **Old lamp:** it was lit with whale oil.\n")
    report = built(vault)
    assert {(change.status, change.entry.guid) for change in report.result.changes} == {
        ("back", next(guid for guid, entry in known.items() if not entry.live)),
        ("updated", next(guid for guid, entry in known.items() if entry.block == "pilots")),
    }
    pilots = next(entry for entry in report.result.entries.values() if entry.block == "pilots")
    assert [(each.ordinal, each.gone) for each in pilots.phrases] == [(1, False), (2, False)]


def test_a_ledger_of_the_future_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    text, now = _golden(f"{ledger_file.FORMAT}.jsonl"), ledger_file.FORMAT
    future = text.replace(f'"cards-ledger": {now}', f'"cards-ledger": {now + 1}')
    vault = _vault(tmp_path / "vault", future)
    with pytest.raises(CardsError, match=rf"ledger\.jsonl:1: its format {ledger_file.FORMAT + 1} is newer .* update Cards"):
        built(vault)
    assert (vault / "decks" / ledger_file.NAME).read_text(encoding="utf-8") == future
    assert [path.name for path in (vault / "decks").iterdir()] == [ledger_file.NAME]


# --------------------------------------------------------------------------------------- the cache of another version


@pytest.mark.parametrize("newer", [True, False])
def test_a_cache_that_another_version_wrote_is_ignored(newer: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = _vault(tmp_path / "vault", _golden("1.jsonl"))
    config = configured(vault)
    note, text = vault / "Sea.md", (vault / "Sea.md").read_text(encoding="utf-8")
    query = "select content from notes where path = 'Sea.md'"
    with closing(sqlite3.connect(_built(config, note, "- **Another:** thing than what stands there\n"))) as opened:
        other = opened.execute(query).fetchone()
    # a version that reads the note otherwise
    with closing(sqlite3.connect(_built(config, note, text))) as opened:
        opened.execute("update notes set content = ? where path = 'Sea.md'", other)
        opened.commit()
    (cache.folder(config.out) / state.NAME).unlink()
    if newer:
        monkeypatch.setattr(cache, "version", lambda: "a newer one")
    # without a new version the cache is believed: that is what it is for
    assert bool(build(config).result.changes) is not newer


def _built(config: Config, note: Path, text: str) -> Path:
    """The database of the cache after a build with this text."""
    note.write_text(text, encoding="utf-8")
    build(config)
    return cache.folder(config.out) / "notes.sqlite"


def test_the_last_build_of_another_version_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configured(_vault(tmp_path / "vault", _golden("1.jsonl")))
    build(config)
    assert state.changes_since_last_build(config) is not None
    monkeypatch.setattr(cache, "version", lambda: "a newer one")
    assert state.changes_since_last_build(config) is None

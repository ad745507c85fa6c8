"""What may happen to a build costs no card: the short run of `trials/faults.py`, and each fault that it found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from cards.identity import ledger_file
from cards.identity.ledger import Ledger
from cards.model import CardsError
from cards.pipeline.output import read_ledger
from cards.pipeline.recover import recover
from cards.vault import cache
from cards.vault.files import PART, UNFINISHED
from tests.vaults import ROOT, built, configured, edit, files_in, packages, run, write

NOTE = "- **Label:** text with **a key phrase** of **some weight** in it. It says more.\n- **Other:** more\n"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such signals and limits there")


LEAST = {"kill": 6, "orphans": 1, "call": 50, "disk": 4, "permission": 8, "note": 10, "many": 1, "ledger": 100, "cache": 20}


@pytest.mark.parametrize(("kind", "least"), LEAST.items())
def test_a_few_of_each_fault(kind: str, least: int) -> None:
    command = [sys.executable, str(ROOT / "trials" / "faults.py"), "--short", "--kills", "20", "--only", kind]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    tried = re.search(r"^([\d,]+) faults, 0 wrong$", ran.stdout, re.M)
    assert tried
    assert int(tried[1].replace(",", "")) >= least, ran.stdout


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Two decks, built."""
    write(tmp_path, {f"{deck}/n.md": NOTE.replace("Label", f"{deck} label") for deck in ("Far", "Near")})
    _build(tmp_path)
    return tmp_path


def _build(folder: Path, *, new_ledger: bool = False) -> Ledger:
    built(folder, new_ledger=new_ledger)
    return read_ledger(folder / "decks")


class _Died(BaseException):
    """The build was killed here."""


def _dies_at(name: str, work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have some work die before it puts this file in place."""
    replace = os.replace

    def dies(source: str, target: Path) -> None:
        if target.name == name:
            raise _Died
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr("cards.vault.files.os.replace", dies)
        with pytest.raises(_Died):
            work()


def test_no_card_gets_out_that_the_ledger_does_not_know(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first build that dies between two decks: the next one is not told that the ledger is lost."""
    shutil.rmtree(vault / "decks")
    _dies_at("Near.apkg", lambda: _build(vault), monkeypatch)
    assert len(read_ledger(vault / "decks")) == 6
    (vault / "Far" / "n.md").write_text("- **Far label:** quite another text, and longer\n", encoding="utf-8")
    before = read_ledger(vault / "decks")
    assert before.keys() <= _build(vault).keys()


def test_a_deck_that_lost_all_its_cards_goes_whenever_the_build_dies(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (vault / "Far").rename(vault / "Further")
    for name in (ledger_file.NAME, "Further.apkg"):
        _dies_at(name, lambda: _build(vault), monkeypatch)
    _build(vault)
    assert [path.name for path in packages(vault / "decks")] == ["Further.apkg", "Near.apkg"]


def test_unfinished_files_go_with_the_next_build(vault: Path) -> None:
    out = vault / "decks"
    strays = [folder / f"{UNFINISHED}a1b2{PART}" for folder in (out, cache.folder(out), cache.folder(out) / "clips")]
    (cache.folder(out) / "clips").mkdir()
    for stray in strays:
        stray.write_bytes(b"half")
    others = [out / ".mine.tmp", out / "cards-notes.txt"]
    for other in others:
        other.write_bytes(b"the user's")
    assert run("build", vault, "-o", out).exit_code == 0  # nothing has changed but that
    assert not any(stray.exists() for stray in strays)
    assert all(other.exists() for other in others)


# ----------------------------------------------------------------------------------------- a ledger that lost something


def _without(guid: str) -> Callable[[str], str]:
    return lambda text: "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f'["{guid}'))


def _edit_ledger(vault: Path, change: Callable[[str], str]) -> bytes:
    path = vault / "decks" / ledger_file.NAME
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path.read_bytes()


def _guid(vault: Path, kind: str, word: str) -> str:
    entries = read_ledger(vault / "decks").values()
    return next(e.guid for e in entries if e.kind == kind and word in f"{e.ask} {e.note}")


def test_a_line_that_the_ledger_lost_is_missed(vault: Path) -> None:
    guid = _guid(vault, "qa", "far label")
    edit(vault / "Far" / "n.md", "text with", "words with")
    content = _edit_ledger(vault, _without(guid))
    before = files_in(vault / "decks")
    with pytest.raises(CardsError, match=rf"ledger\.jsonl: has lost lines.*Far\.apkg.*ID:{guid}.*cards recover"):
        _build(vault)
    with pytest.raises(CardsError, match="has lost lines"):
        built(vault, dry_run=True)
    assert files_in(vault / "decks") == before
    assert recover([vault / "decks" / "Far.apkg"], vault / "decks") == (1, 2)
    entries = _build(vault)
    assert entries[guid].live
    assert len(entries) == 6  # the edited card is the one it was, and there is no other
    _edit_ledger(vault, lambda _: content.decode())
    assert guid not in _build(vault, new_ledger=True)


def test_a_lost_line_that_changes_nothing_is_no_matter(vault: Path) -> None:
    before = files_in(vault / "decks")
    guid = _guid(vault, "qa", "far label")
    _edit_ledger(vault, _without(guid))
    (vault / "Far" / "m.md").write_text("- **One more:** of them\n", encoding="utf-8")
    assert guid in _build(vault)
    assert (vault / "decks" / "Near.apkg").read_bytes() == before["Near.apkg"]


def test_a_number_that_the_ledger_lost_is_missed(vault: Path) -> None:
    guid = _guid(vault, "cloze", "Far/")
    edit(vault / "Far" / "n.md", "some weight", "any value")
    path = vault / "decks" / ledger_file.NAME
    known = ledger_file.load(path.read_text(encoding="utf-8"))
    _, second, *others = known[guid].phrases
    assert second.text == "some weight"
    lost = replace(known[guid], phrases=(replace(second, ordinal=1), *others))
    path.write_text(ledger_file.dump({**known, guid: lost}.values(), ".."), encoding="utf-8")
    with pytest.raises(CardsError, match=f"or only as they were .ID:{guid}"):
        _build(vault)
    assert recover([vault / "decks" / "Far.apkg"], vault / "decks") == (1, 2)
    assert {phrase.ordinal for phrase in _build(vault)[guid].phrases} >= {1, 2, 3}


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 200])
def test_an_empty_ledger_is_no_new_start(content: bytes, vault: Path) -> None:
    (vault / "decks" / ledger_file.NAME).write_bytes(content)
    for path in packages(vault / "decks"):
        path.unlink()  # nothing else says that there was one
    with pytest.raises(CardsError, match=r"ledger\.jsonl:1: "):
        _build(vault)


def test_a_damaged_ledger_is_put_aside_without_a_gap(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _edit_ledger(vault, lambda text: text[:-30])
    decks = packages(vault / "decks")
    _dies_at(ledger_file.NAME, lambda: recover(decks, vault / "decks"), monkeypatch)
    assert (vault / "decks" / ledger_file.NAME).exists()
    recover(decks, vault / "decks")
    assert len(_build(vault)) == 6


# ---------------------------------------------------------------------------------------------------------- other errors


def test_a_lock_that_cannot_be_had_is_said(vault: Path) -> None:
    shutil.rmtree(cache.folder(vault / "decks"))
    (cache.folder(vault / "decks") / "lock").mkdir(parents=True)
    with pytest.raises(CardsError, match="can't be written"):
        _build(vault)


def test_a_deck_that_cannot_be_removed_is_said(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (vault / "Far").rename(vault / "Further")

    def refuses(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuses)
    with pytest.raises(CardsError, match=r"Far\.apkg: can't be written: Permission denied"):
        _build(vault)


def test_an_error_of_the_system_is_a_sentence(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error", "style.css")

    monkeypatch.setattr("cards.anki.write_package.export", broken)
    (vault / "Far" / "m.md").write_text("- **One more:** of them\n", encoding="utf-8")
    ran = run("build", vault, "-o", vault / "decks")
    assert (ran.exit_code, ran.stderr) == (2, "error: [Errno 5] Input/output error: 'style.css'\n")


def test_half_a_clip_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cards.media.audio import Span
    from cards.media.clips import Clips, Recording
    from cards.media.embeds import Embeds
    from cards.vault import scan
    from cards.vault.note_files import VaultFiles

    monkeypatch.setattr("cards.media.clips.cut", lambda *_: b"clip" * 1000)
    config = configured(tmp_path, tmp_path)
    wanted = {"a.mp3": (Recording(tmp_path / "a.wav", "", 1.0), Span(0, 1))}
    none = Embeds(VaultFiles(tmp_path), scan.Tree((), (), ()))
    cache.made_folder(tmp_path)
    clips, again, last = Clips(config, none), Clips(config, none), Clips(config, none)
    clips._wanted = again._wanted = last._wanted = wanted
    _dies_at("a.mp3", lambda: clips.make("a.mp3"), monkeypatch)
    assert again.missing() == ["a.mp3"]
    clips.make("a.mp3")
    assert last.missing() == []

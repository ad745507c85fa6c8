"""A lost ledger, rebuilt from decks; and what else may happen to it between two builds."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cards.identity import ledger_file
from cards.identity.ledger import Ledger, Phrase
from cards.model import CardsError, Note, ParseOptions
from cards.parser import parse
from cards.pipeline.build import build, look
from cards.pipeline.output import read_ledger
from cards.pipeline.recover import recover
from cards.vault.config import load
from tests.conftest import TODAY
from tests.vaults import EXAMPLES, altered, built, configured, edit, files_in, packages, write

PODCAST = Path("notes", "Podcasts", "Sleep and the Working Memory.md")


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples, built, then edited and built again, so that the ledger knows more than the words tell."""
    shutil.copytree(EXAMPLES, tmp_path / "notes")
    _build(tmp_path)
    edit(tmp_path / PODCAST, "a third of what was learnt", "a good third of what was learnt")
    edit(tmp_path / PODCAST, "not by time as such", "**not by time** as such")
    edit(tmp_path / PODCAST, "**replays the day", "**plays the whole day")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(TODAY))
    _build(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(TODAY + 100_000))
    return tmp_path


def _build(folder: Path, *, new_ledger: bool = False) -> Ledger:
    built(folder / "notes", folder / "decks", new_ledger=new_ledger)
    return read_ledger(folder / "decks")


def _told(entries: Ledger) -> dict[str, tuple[object, ...]]:
    """What matters of a ledger: guids, ordinals, mods."""
    return {
        guid: (entry.kind, entry.mod, entry.parts, tuple((each.ordinal, each.gone) for each in entry.phrases))
        for guid, entry in entries.items()
        if entry.live
    }


def test_decks_without_a_ledger_are_refused(vault: Path) -> None:
    (vault / "decks" / ledger_file.NAME).unlink()
    with pytest.raises(CardsError, match="there are decks but no ledger"):
        _build(vault)
    anew = _build(vault, new_ledger=True)
    assert len(anew) == 25


def test_recovered_from_our_own_decks(vault: Path) -> None:
    before = read_ledger(vault / "decks")
    (vault / "decks" / ledger_file.NAME).unlink()
    assert recover(packages(vault / "decks"), vault / "decks") == (25, 0)
    assert _told(_build(vault)) == _told(before)


@pytest.mark.parametrize("legacy", [True, False])
def test_recovered_from_what_anki_exported(vault: Path, legacy: bool) -> None:
    anki_run = pytest.importorskip("tests.anki_run")
    before = read_ledger(vault / "decks")
    with anki_run.collection(vault / "anki") as opened:
        for package in packages(vault / "decks"):
            anki_run.import_deck(opened, package)
        guid = next(guid for guid, entry in before.items() if entry.kind == "qa")
        note = opened.get_note(opened.db.scalar("select id from notes where guid = ?", guid))
        note["Back"] += " my own words"
        opened.update_note(note)
        export = anki_run.export(opened, vault / "export.apkg", legacy=legacy)
    shutil.rmtree(vault / "decks")
    assert recover([export], vault / "decks") == (25, 0)
    after = _build(vault)
    assert {guid: told[3] for guid, told in _told(after).items()} == {guid: told[3] for guid, told in _told(before).items()}
    # what the user edited in Anki is not overwritten by the first build after it
    assert all(entry.mod < 1795500000 or (guid == after[guid].guid and entry.mod > 1795500000) for guid, entry in after.items())
    report = built(vault / "notes", vault / "decks")
    assert not [change for change in report.result.changes if change.matters]


def test_a_ledger_that_is_there_is_only_added_to(vault: Path) -> None:
    path = vault / "decks" / ledger_file.NAME
    entries = read_ledger(vault / "decks")
    kept = dict(list(entries.items())[:10])
    path.write_text(ledger_file.dump(kept.values()), encoding="utf-8")
    assert recover(packages(vault / "decks"), vault / "decks") == (15, 10)
    assert kept.items() <= read_ledger(vault / "decks").items()


NO_DATABASE = io.BytesIO()
with zipfile.ZipFile(NO_DATABASE, "w") as made:
    made.writestr("collection.anki2", b"SQLite format 3\x00 but not really")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken", NO_DATABASE.getvalue()])
def test_no_package_is_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.apkg").write_bytes(content)
    with pytest.raises(CardsError, match="is not an Anki package"):
        recover([tmp_path / "x.apkg"], tmp_path / "decks")
    assert not (tmp_path / "decks" / ledger_file.NAME).exists()


# ------------------------------------------------------------------------------------------------------ between builds


def test_an_unchanged_note_is_not_read_again(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(text: str, path: str, options: ParseOptions, **more: Any) -> Note:
        read.append(path)
        return parse(text, path, options, **more)

    monkeypatch.setattr("cards.pipeline.load_notes.parse", noted)
    _build(vault)
    assert read == []
    write(vault, {"notes/new.md": "- **Depth:** four\n"})
    _build(vault)
    assert read == ["new.md"]
    monkeypatch.setattr("cards.vault.cache.version", lambda: "another version")
    _build(vault)
    assert len(read) == 5


def test_the_cache_knows_a_configuration_again_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "cards.toml").write_text('bare-labels = ["one", "two", "three", "four", "five"]', encoding="utf-8")
    show = "from cards.vault.config import load; from pathlib import Path; print(load((Path('.'),), None, None, None).options)"
    told = [{**os.environ, "PYTHONHASHSEED": seed} for seed in "123"]
    assert len({subprocess.check_output([sys.executable, "-c", show], cwd=tmp_path, env=each) for each in told}) == 1


def test_a_note_that_cannot_be_read_retires_nothing(vault: Path) -> None:
    note = vault / PODCAST
    content = note.read_bytes()
    note.write_bytes(b"\xfd")
    assert all(entry.live for entry in _build(vault).values())
    note.write_bytes(content)
    assert all(entry.live for entry in _build(vault).values())


@pytest.mark.parametrize("part", ["Articles", "Articles/The Case for Boring Tools.md"])
def test_building_a_part_retires_no_other(part: str, vault: Path) -> None:
    before = read_ledger(vault / "decks")
    report = built(vault / "notes" / part, vault / "decks")
    assert report.result.entries == before
    assert [written.deck for written in report.decks] == ["Reading"]
    assert len(packages(vault / "decks")) == 3


def test_decks_of_other_notes_are_refused(vault: Path) -> None:
    config = configured(write(vault / "other", {"n.md": "- **Depth:** four\n"}), vault / "decks")
    with pytest.raises(CardsError, match="belong to the notes in"):
        build(config)
    assert len(look(config).cards) == 1  # looking is free


def test_a_vault_that_moved_or_grew_stays_itself(vault: Path) -> None:
    before = read_ledger(vault / "decks")
    (vault / "notes").rename(vault / "vault")
    report = built(vault / "vault", vault / "decks")
    assert {guid: entry.mod for guid, entry in report.result.entries.items()} == {g: e.mod for g, e in before.items()}
    (vault / "all").mkdir()
    (vault / "vault").rename(vault / "all" / "vault")
    report = built(vault / "all", vault / "decks")
    assert report.result.entries.keys() == before.keys()


def test_a_copy_of_the_vault_builds_the_same_decks(vault: Path) -> None:
    before = read_ledger(vault / "decks")
    shutil.copytree(vault / "notes", vault / "worktree")
    report = built(vault / "worktree", vault / "decks")
    assert not [change for change in report.result.changes if change.matters]
    assert report.result.entries.keys() == before.keys()


def test_a_vault_that_grew_keeps_its_cards(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}/x.md": f"- **Label {name}:** text of **the key {name}** here\n" for name in "ab"})
    first = built(tmp_path / "a", tmp_path / "decks").result.entries
    grown = build(load((tmp_path / "a", tmp_path / "b"), tmp_path / "decks", None, None)).result
    assert set(first) < set(grown.entries)
    assert all(entry.live for entry in grown.entries.values())
    (tmp_path / "cards.toml").write_text('notes = ["a", "b"]\nout = "decks"\n', encoding="utf-8")
    config = load((), None, tmp_path / "cards.toml", None)
    assert not [change for change in build(config).result.changes if change.status == "new"]


def test_a_pure_loss_is_recovered_to_the_last_byte(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    shutil.copytree(EXAMPLES, notes)
    shutil.copytree(Path(__file__).parent / "fixtures", notes / "fixtures")
    write(notes, {"fixtures/mark.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>"})
    built(notes, tmp_path / "decks")
    before = files_in(tmp_path / "decks")
    (tmp_path / "decks" / ledger_file.NAME).unlink()
    recover(packages(tmp_path / "decks"), tmp_path / "decks")
    report = built(notes, tmp_path / "decks")
    assert not [change for change in report.result.changes if change.matters]
    after = files_in(tmp_path / "decks")
    assert after | {ledger_file.NAME: b""} == before | {ledger_file.NAME: b""}


def test_recover_keeps_what_is_whole_of_a_damaged_ledger(vault: Path) -> None:
    path = vault / "decks" / ledger_file.NAME
    lines = path.read_text(encoding="utf-8").splitlines()
    damaged = "\n".join([*lines[:5], "<<<<<<< HEAD", lines[5][:40], *lines[6:]])
    path.write_text(damaged, encoding="utf-8")
    assert recover(packages(vault / "decks"), vault / "decks") == (1, 24)
    assert (vault / "decks" / f"{ledger_file.NAME}.damaged").read_text(encoding="utf-8") == damaged
    assert path.read_text(encoding="utf-8").splitlines()[0] == lines[0]  # the way to the notes as well
    assert len(_build(vault)) == 25


def test_recover_believes_a_deck_more_than_an_altered_line(vault: Path) -> None:
    """But no number that the line knew goes to another phrase, and what is retired stays so."""
    path = vault / "decks" / ledger_file.NAME
    before = ledger_file.load(path.read_text(encoding="utf-8"))
    cloze = next(entry for entry in before.values() if entry.kind == "cloze")
    other = next(entry for entry in before.values() if entry.kind == "qa")
    had_more = replace(cloze, phrases=(*cloze.phrases, Phrase(9, "an old phrase", gone=True)))
    retired = replace(other, guid="retired", text="what it was", retired=1795400000)
    text = ledger_file.dump({**before, cloze.guid: had_more, "retired": retired}.values(), "..")
    lines = [
        line.replace(cloze.phrases[0].text, "something else") if cloze.guid in line else line.replace("it was", "it is")
        for line in text.splitlines()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(CardsError, match="this line is damaged"):
        _build(vault)
    recover(packages(vault / "decks"), vault / "decks")
    after = ledger_file.load(path.read_text(encoding="utf-8"))
    assert after.keys() == {*before, "retired"}
    assert after[cloze.guid].phrases == had_more.phrases
    assert after["retired"].retired == retired.retired
    assert _build(vault).keys() >= before.keys()


def test_a_copy_whose_original_is_deleted_later_has_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that syncs writes the new file first; who moves a bullet pastes it before the old one is cut. Builds see both."""
    text = "- **Depth:** five fathoms at the **outer buoy** and two at the pier. It moves.\n- **Tide:** high at noon.\n"
    mill = "- **Mill:** it stands below the hill.\n"
    config = configured(write(tmp_path, {"Sea.md": text, "Land.md": mill}))
    before = {entry.guid: entry.note for entry in build(config).result.entries.values()}
    depth, tide = text.splitlines(keepends=True)
    states = [{"Sea": text, "Ocean": text}, {"Ocean": text}, {"Ocean": text, "Land": mill + tide}, {"Ocean": depth}]
    for minute, state in enumerate(states, 1):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(TODAY + 60 * minute))
        (tmp_path / "Sea.md").unlink(missing_ok=True)
        write(tmp_path, {f"{name}.md": content for name, content in state.items()})
        report = build(config)
    live = {guid: entry.note for guid, entry in report.result.entries.items() if entry.live}
    assert live.keys() == before.keys()
    assert sorted(live.values()) == ["Land.md", "Land.md", "Ocean.md", "Ocean.md"]


def test_a_part_that_a_note_moved_into_takes_its_cards_along(tmp_path: Path) -> None:
    write(tmp_path, {f"{folder}/{folder}.md": f"- **Label {folder}:** text of {folder}\n" for folder in "AB"})
    write(tmp_path, {"A/x.md": "- **Depth:** five fathoms\n"})
    before = built(tmp_path).result.entries
    (tmp_path / "A" / "x.md").rename(tmp_path / "B" / "x.md")
    built(tmp_path / "B", tmp_path / "decks")
    after = built(tmp_path).result.entries
    assert before.keys() == after.keys()
    assert all(entry.live for entry in after.values())


def test_an_older_ledger_is_noticed(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may know fewer numbers than cards ever had, also where the deck has them no longer."""
    path = vault / "decks" / ledger_file.NAME
    older = path.read_bytes()
    note = vault / PODCAST
    text = note.read_text(encoding="utf-8")
    for changed in (text.replace("over a day", "**over a day**"), text.replace("over a day", "over one day")):
        note.write_text(changed, encoding="utf-8")
        _build(vault)
    path.write_bytes(older)
    note.write_text(text.replace("over a day", "over a full day"), encoding="utf-8")
    with pytest.raises(CardsError, match="has lost lines, or is older than"):
        _build(vault)
    recover(packages(vault / "decks"), vault / "decks")
    _build(vault)


@pytest.mark.parametrize(
    "change",
    [
        "update notes set guid = ''",
        "update notes set mod = 200000000000",
        "update notes set mod = 1.5",
        "update notes set mod = 'abc'",
        "update notes set guid = x'00ff'",
        "update notes set flds = replace(flds, '{{c1::', '{{c0::')",
        "update notes set flds = replace(flds, '{{c1::', '{{c99999::')",
        "update cards set ord = 0.5",
        "update cards set ord = -5",
        "update cards set ord = 'x'",
    ],
)
def test_recover_writes_no_ledger_that_it_would_not_read(change: str, vault: Path) -> None:
    path = vault / "decks" / ledger_file.NAME
    before = path.read_bytes()
    other = altered(packages(vault / "decks")[0], vault / "other.apkg", [change])
    try:
        recover([other], vault / "decks")
    except CardsError:
        assert path.read_bytes() == before
    assert ledger_file.load(path.read_text(encoding="utf-8")).keys() == ledger_file.load(before.decode()).keys()


def test_deck_names_that_differ_in_case_alone(tmp_path: Path) -> None:
    decks = ("Sea", "sea", "sea-2", "SEA")
    write(tmp_path, {f"{n}.md": f"---\ndeck: {deck}\n---\n- **Label {n}:** text\n" for n, deck in enumerate(decks)})
    assert len({written.path.name.casefold() for written in built(tmp_path).decks}) == 4
    assert not built(tmp_path, dry_run=True).behind

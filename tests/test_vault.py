from __future__ import annotations

import inspect
import os
import shutil
import sys
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest

from cards.model import CardsError
from cards.parser import parse
from cards.vault import cache
from cards.vault.naming import file_names
from cards.vault.scan import look_around
from tests.vaults import CARD, built, configured, files_in, looked, packages, write


def found(folder: Path) -> list[str]:
    return [card.draft.place.note for card in looked(folder).cards]


def test_notes_are_found_in_order_and_hidden_ones_are_not(tmp_path: Path) -> None:
    hidden = (".obsidian/x.md", ".trash/y.md", "a.excalidraw.md", "t.txt")
    write(tmp_path, dict.fromkeys(("b.md", "a/z.md", *hidden), CARD))
    assert found(tmp_path) == ["a/z.md", "b.md"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path, {"a/n.md": CARD})
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.md").symlink_to("self.md")
    assert found(tmp_path) == ["a/n.md"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf- **Label:** text",
        b"- **Label:** text",
        b"- **Label:** text\r\n- plain\r\n",
        b"- **Label:** text\r- plain",
        "- **Label:** text\n".encode("utf-16"),
    ],
)
def test_every_way_to_write_a_file(content: bytes, tmp_path: Path) -> None:
    write(tmp_path, {"n.md": content})
    (card,) = looked(tmp_path).cards
    assert (card.draft.label, card.draft.place.line) == ("Label", 1)


def test_a_note_that_is_no_text_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path, {"bad.md": b"ok\n\xff\xfe\xfd", "empty.md": "", "good.md": CARD})
    collected = looked(tmp_path)
    assert len(collected.cards) == 1
    assert [str(problem) for problem in collected.problems] == ["bad.md:2: is not UTF-8; save it as UTF-8 to get its cards"]


@pytest.mark.parametrize("name", ['quote"s.md', "new\nline.md", "emoji 🎧.md", "‮evil.md", "%20.md", "a'b.md", "é.md"])
def test_odd_names(name: str, tmp_path: Path) -> None:
    write(tmp_path, {name: CARD})
    assert found(tmp_path) == [name]
    built(tmp_path)


def test_an_out_folder_that_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": CARD, "file": "x"})
    with pytest.raises(CardsError, match="can't be written"):
        built(tmp_path / "n.md", tmp_path / "file" / "decks")


def test_the_notes_are_never_written_to(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": CARD, "s/m.md": CARD})
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.md")}
    built(tmp_path)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.md")} == before


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": CARD})
    built(tmp_path)
    out = tmp_path / "decks"
    assert sorted(path.name for path in out.iterdir()) == [".gitattributes", "Takeaways.apkg", "ledger.jsonl"]
    assert sorted(path.name for path in cache.folder(out).iterdir()) == ["last.json", "lock", "notes.sqlite"]


def test_embeds_are_found_like_obsidian_does(tmp_path: Path) -> None:
    note = "- **L:** ![[Deep.PNG]] ![](./near.png) ![](a/near.png) ![[x/deep.png]]"
    write(tmp_path, {"a/n.md": note, "a/near.png": "n", "b/x/deep.png": "d"})
    collected = looked(tmp_path)
    assert sorted(collected.media.values()) == [b"d", b"n"]
    assert not collected.problems


def test_a_fault_in_one_note_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(text: str, path: str, options: object, **more: object) -> object:
        if path == "bad.md":
            raise RuntimeError("oh no")
        return parse(text, path)

    monkeypatch.setattr("cards.pipeline.load_notes.parse", faulty)
    write(tmp_path, {"bad.md": CARD, "good.md": CARD})
    collected = looked(tmp_path)
    assert [card.draft.place.note for card in collected.cards] == ["good.md"]
    assert [problem.code for problem in collected.problems] == ["fault"]


def test_lists_nested_very_deep(tmp_path: Path) -> None:
    deep = "".join("  " * depth + f"- level {depth} of **the deep list** here\n" for depth in range(300))
    write(tmp_path, {"deep.md": deep, "n.md": CARD})
    assert "n.md" in found(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_vault_that_cannot_be_listed_loses_no_card(tmp_path: Path) -> None:
    write(tmp_path / "vault", {"a.md": CARD})
    out = tmp_path / "decks"
    built(tmp_path / "vault", out)
    before = files_in(out)
    (tmp_path / "vault").chmod(0o111)
    try:
        with pytest.raises(CardsError, match="can't be read"):
            built(tmp_path / "vault", out)
    finally:
        (tmp_path / "vault").chmod(0o755)
    assert files_in(out) == before


def test_a_vault_whose_listing_fails_loses_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "vault", {"a.md": CARD, "deep/b.md": CARD})
    out = tmp_path / "decks"
    built(tmp_path / "vault", out)
    real = os.scandir

    def failing(name: str) -> object:
        if str(name).endswith(bad):
            raise PermissionError(13, "Permission denied", name)
        return real(name)

    monkeypatch.setattr("cards.vault.scan.os.scandir", failing)
    bad = "vault"
    with pytest.raises(CardsError, match="vault: the folder can't be read: Permission denied"):
        built(tmp_path / "vault", out)
    bad = "deep"
    report = built(tmp_path / "vault", out)
    said = [str(problem) for problem in report.result.problems]
    assert "deep: the folder can't be read: Permission denied" in said
    assert not [change for change in report.result.changes if change.status == "retired"]


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are text there")
def test_a_name_that_is_no_text_stops_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"good.md": CARD})
    for name in (b"b\xff.md", b"p\xff.png"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(CARD.encode())
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"f\xff"))
    report = built(tmp_path, keep_cards=True)
    assert [card.draft.place.note for card in report.result.cards] == ["good.md"]
    assert {str(problem) for problem in report.result.problems} == {
        "b\\udcff.md: its name is not UTF-8; rename it",
        "f\\udcff: its name is not UTF-8; rename it",
        "p\\udcff.png: its name is not UTF-8; rename it",
    }


def test_folders_in_folders(tmp_path: Path) -> None:
    """However deep: no folder costs a frame of the stack. (Deeper ones than these pytest itself could not remove.)"""
    write(tmp_path.joinpath(*["a"] * 400), {"n.md": CARD})
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 300)
    try:
        tree = look_around(configured(tmp_path))
    finally:
        sys.setrecursionlimit(limit)
    assert len(tree.notes) == 1


@pytest.mark.parametrize(("before", "after"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_system_that_writes_accents_otherwise_changes_no_card(
    before: Literal["NFC", "NFD"], after: Literal["NFC", "NFD"], tmp_path: Path
) -> None:
    """As a vault that goes to macOS and back: names of files, folders and pictures, and the text that names them."""
    text = "- **Café:** le **temps écoulé** depuis ce matin ![[Été.png]]\n"
    states = []
    for form in (before, after):
        shutil.rmtree(tmp_path / "vault", ignore_errors=True)
        named = {"École/Thé.md": normalize(form, text), "Été.png": "picture"}
        write(tmp_path / "vault", {normalize(form, name): content for name, content in named.items()})
        (tmp_path / "vault" / ".obsidian").mkdir()
        report = built(tmp_path / "vault", tmp_path / "decks", keep_cards=True)
        assert not report.result.problems
        states.append([(card.guid, card.anki.mod, card.deck, card.fields) for card in report.result.cards])
    assert states[0] == states[1]
    assert [path.name for path in packages(tmp_path / "decks")] == ["École.apkg"]


def test_decks_that_a_system_takes_for_one_have_files_of_their_own() -> None:
    names = file_names(["Thé", normalize("NFD", "Thé"), "THÉ"])
    assert len({normalize("NFC", name).casefold() for name in names.values()}) == 3


def test_a_deck_of_a_long_name(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": f"---\ndeck: {'ノート' * 60}\n---\n{CARD}"})
    (written,) = built(tmp_path).decks
    assert written.path.is_file()

"""The cache lies in the user's folder; the one that earlier versions kept beside the decks goes, if it is ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cards.pipeline.build import build
from cards.vault import cache
from cards.vault.config import load


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An old cache beside the decks of a vault."""
    (tmp_path / "n.md").write_text("- **Label:** text\n", encoding="utf-8")
    folder = tmp_path / "decks" / ".cache"
    (folder / "clips").mkdir(parents=True)
    for name in (".gitignore", "notes.sqlite", "last.json", "recordings.json", "preview.html", "lock", "clips/a.mp3"):
        (folder / name).write_bytes(b"*\n")
    return folder


def built(old: Path) -> list[str]:
    build(load((old.parent.parent,), old.parent, None, None))
    return sorted(path.name for path in old.parent.iterdir())


def test_an_old_cache_is_removed_if_it_is_ours(old: Path) -> None:
    assert built(old) == [".gitattributes", "Takeaways.apkg", "ledger.jsonl"]


@pytest.mark.parametrize("name", ["hub", "clips/b.wav"])
def test_files_of_others_stay_in_it(old: Path, name: str) -> None:
    (old / name).write_bytes(b"theirs")
    built(old)
    assert (old / name).read_bytes() == b"theirs"


@pytest.mark.parametrize("mark", ["none", "other", "link", "pipe", "endless"])
def test_a_folder_of_another_program_is_left_alone(old: Path, mark: str) -> None:
    (old / ".gitignore").unlink()
    match mark:
        case "other":
            (old / ".gitignore").write_bytes(b"*.tmp\n")
        case "link":
            (old / ".gitignore").symlink_to(old / "lock")
        case "pipe":
            os.mkfifo(old / ".gitignore")
        case "endless":
            (old / ".gitignore").symlink_to("/dev/zero")
        case _:
            pass
    before = set(old.rglob("*"))
    built(old)
    assert set(old.rglob("*")) == before


def test_a_link_in_its_place_is_not_followed(old: Path, tmp_path: Path) -> None:
    old.rename(tmp_path / "elsewhere")
    old.symlink_to(tmp_path / "elsewhere")
    built(old)
    assert (tmp_path / "elsewhere" / "lock").exists()


def test_each_folder_of_decks_has_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDS_CACHE_DIR", str(tmp_path / "caches"))
    one, other = cache.folder(tmp_path / "a" / "decks"), cache.folder(tmp_path / "b" / "decks")
    assert one != other
    assert one.parent == other.parent == tmp_path / "caches"
    monkeypatch.chdir(tmp_path)
    assert cache.folder(Path("a/decks")) == one


def test_damage_is_noticed() -> None:
    kept = cache.with_sum(b"content")
    assert cache.without_sum(kept) == b"content"
    for at in range(len(kept)):
        damaged = bytearray(kept)
        damaged[at] ^= 1
        with pytest.raises(ValueError, match="damaged"):
            cache.without_sum(bytes(damaged))

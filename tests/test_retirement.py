"""A mass retirement is never silent: the build stops, writes nothing, and says what is behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vaults import refused, run

BULLETS = "## Takeaways\n" + "".join(
    f"- **Label {n}:** it says **the word {n}** and more of it. So much for that.\n" for n in range(4)
)
NOTES = {f"{name}.md": BULLETS.replace("Label", name) for name in ("Sea", "Harbour", "Tide")}


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in NOTES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "cards.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run("build")
    return tmp_path


def _files(vault: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (vault / "decks").iterdir()}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('sections = ["Else"]', "no heading is among the `sections` in cards.toml: Harbour.md, Sea.md, Tide.md (24)"),
        ('exclude = ["*.md"]', "left out by `include` or `exclude`: Harbour.md, Sea.md, Tide.md (24)"),
        ('include = ["Takeaways/*"]', "left out by `include` or `exclude`: Harbour.md, Sea.md, Tide.md (24)"),
        ('notes = ["Sea.md"]\nkinds = "qa"', None),  # notes that are not read lose nothing
        ('kinds = "qa"', "`kinds` in cards.toml wants no cloze cards: Harbour.md, Sea.md, Tide.md (12)"),
    ],
)
def test_a_setting_that_empties_a_deck_is_named(vault: Path, settings: str, says: str | None) -> None:
    (vault / "cards.toml").write_text(settings, encoding="utf-8")
    (vault / "Else.md").write_text("## Else\nnothing\n", encoding="utf-8")
    before = _files(vault)
    if says is None:
        assert "4 retired" in run("build").stdout
        return
    for command in ("build", "build -q", "build --check", "build --dry-run"):
        assert says in refused(*command.split()), command
    assert _files(vault) == before


def test_notes_that_are_empty_or_gone_are_named(vault: Path) -> None:
    (vault / "Sea.md").write_text("", encoding="utf-8")
    (vault / "Tide.md").unlink()
    message = refused("build")
    assert "this would retire 16 of the 24 cards in “Takeaways”, so nothing was written" in message
    assert "notes that are empty: Sea.md (8); notes that are gone: Tide.md (8). If that is meant, say --retire" in message
    ran = run("build", "--retire")
    assert "16 retired" in ran.stdout
    assert "nothing to do" in run("build").stdout


def test_a_few_cards_or_a_small_part_retire_unasked(vault: Path) -> None:
    (vault / "Sea.md").unlink()  # 8 of 24: a third, no more
    assert "8 retired" in run("build").stdout
    (vault / "Tide.md").write_text(BULLETS.replace("Label", "Tide").partition("- **Tide 1")[0], encoding="utf-8")
    assert "6 retired" in run("build").stdout  # of 16, but not more than ten


def test_notes_that_move_to_another_deck_retire_nothing(vault: Path) -> None:
    (vault / "cards.toml").write_text('deck = "Sea"', encoding="utf-8")
    assert "retired" not in run("build").stdout

"""What users want read, and what not: tags, sections, folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vaults import refused, rows, run, write

NOTE = """\
- **Bow:** the front of it
- **Stern:** the back of it #flashcards
- **Masts:** two #flashcards/ship
  - **Main:** the tall one
"""


def labels(vault: Path) -> list[str]:
    return [card["label"] for card in rows("list", vault, "-o", vault / "decks")]


@pytest.mark.parametrize(
    ("note", "found"),
    [
        (NOTE, ["Stern", "Main", "Masts"]),
        (f"---\ntags: [sea, flashcards]\n---\n{NOTE}", ["Bow", "Stern", "Main", "Masts"]),
        (f"---\ntags: sea, flashcards/ship\n---\n{NOTE}", ["Bow", "Stern", "Main", "Masts"]),
        (f"#flashcards #sea\n\n{NOTE}", ["Bow", "Stern", "Main", "Masts"]),
        ("## Ships #flashcards\n- **Bow:** the front\n\n## Ports\n- **Mole:** a wall", ["Bow"]),
        ("- **Bow:** the front #flash", []),
        ("Is it a bow? #flashcards::Yes, the front.", ["x"]),
    ],
)
def test_only_what_is_tagged(note: str, found: list[str], tmp_path: Path) -> None:
    write(tmp_path, {"n.md": note, "cards.toml": 'only-tagged = ["#Flashcards"]\n'})
    assert len(labels(tmp_path)) == len(found)
    assert [label for label in labels(tmp_path) if label] == [label for label in found if label != "x"]


def test_what_is_not_tagged_says_so(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": NOTE, "cards.toml": 'only-tagged = ["flashcards"]\n'})
    (row,) = rows("list", tmp_path, "-o", tmp_path / "decks", "--skipped")
    assert "only-tagged" in row["reason"]


def test_a_tag_that_is_taken_away_retires_its_card(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": NOTE, "cards.toml": 'only-tagged = ["flashcards"]\n'})
    run("build", tmp_path)
    (tmp_path / "n.md").write_text(NOTE.replace("it #flashcards", "it"), encoding="utf-8")
    assert "1 retired" in run("build", tmp_path).stdout


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('sections = ["Takeawys"]', "no note has a heading “Takeawys”"),
        ('include = ["Podcats/*"]', "“Podcats/*” matches no note"),
        ('[folders."Podcats"]\ndeck = "x"', "no folder “Podcats”; did you mean “Podcasts”?"),
    ],
)
@pytest.mark.parametrize("command", ["build", "list", "diff", "lint"])
def test_a_setting_that_matches_nothing_is_an_error(command: str, settings: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, {"Podcasts/n.md": "## Takeaways\n- **Bow:** the front of it\n", "cards.toml": f"{settings}\n"})
    if "include" in settings:
        write(tmp_path, {"cards.toml": 'include = ["Podcats/*", "Podcasts/*"]\n'})
    assert said in refused(command, tmp_path, *(("-o", tmp_path / "decks") if command != "lint" else ()))


def test_a_setting_that_matches_is_none(tmp_path: Path) -> None:
    settings = 'sections = ["Takeaways"]\ninclude = ["Podcasts"]\n[folders."Podcasts"]\ndeck = "x"\n'
    write(tmp_path, {"Podcasts/n.md": "## Takeaways\n- **Bow:** the front of it\n", "cards.toml": settings})
    assert labels(tmp_path) == ["Bow"]
    assert run("list", tmp_path / "Podcasts", "-o", tmp_path / "decks").exit_code == 0

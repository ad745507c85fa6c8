"""`cards init`, completion, and what the terminal says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from cards.anki import read_package
from cards.commands import init
from cards.commands.init import set_up
from cards.vault.cards_toml import CardsToml, FolderTable, LintTable
from tests.vaults import CARDS, ROOT, git, on_a_terminal, refused, run, write

NOTE = "- **Depth:** four fathoms at **the outer buoy** of it. It moves in winter.\n"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, {"Sea.md": NOTE}))
    return tmp_path


def test_init_writes_a_file_that_says_all_there_is(vault: Path) -> None:
    assert run("init").exit_code == 0
    text = (vault / "cards.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    uncommented = re.sub(r"^# (?=[\w\[\"-]+\"?\]? *(?:=|#|$)|\[)", "", text, flags=re.M)
    given = tomllib.loads(uncommented)
    assert set(given) == set(CardsToml.__struct_encode_fields__)
    assert set(given["lint"]) == set(LintTable.__struct_encode_fields__)
    assert set(given["folders"]["Podcasts/Daily"]) == set(FolderTable.__struct_encode_fields__)
    write(vault, {"cards.toml": uncommented, "Podcasts/x.md": "- **A:** b\n", "Books/x.md": ""})
    assert run("list").exit_code == 0
    assert not (vault / ".gitignore").exists()  # there is no git here


def test_init_writes_nothing_over(vault: Path) -> None:
    write(vault, {"cards.toml": "deck = 'Mine'\n"})
    assert "already exists; nothing was written" in refused("init")
    assert (vault / "cards.toml").read_text(encoding="utf-8") == "deck = 'Mine'\n"
    assert "is not in a git repository" in run("init", "--hook").stderr


def test_init_asks_three_questions(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(vault, {"Podcasts/x.md": NOTE, "My books/y.md": NOTE})
    monkeypatch.setattr(init, "is_terminal", lambda: True)
    assert run("init", given='Podcasts, My books\nSea "\\ of all\n#flash\n').exit_code == 0
    written = tomllib.loads((vault / "cards.toml").read_text(encoding="utf-8"))
    assert written == {"notes": ["Podcasts", "My books"], "deck": 'Sea "\\ of all', "only-tagged": ["flash"]}
    (vault / "cards.toml").unlink()
    assert run("init", given="\n\n\n").exit_code == 0
    assert tomllib.loads((vault / "cards.toml").read_text(encoding="utf-8")) == {}
    (vault / "cards.toml").unlink()
    assert "Folders" not in run("init", "--yes").stdout


def test_init_works_in_any_order(vault: Path) -> None:
    git(vault, "init", "-q")
    assert run("init").exit_code == 0
    assert run("init", "--hook").exit_code == 0
    assert run("init", "--ci").exit_code == 0
    assert "already exists" in refused("init", "--ci")
    assert (vault / ".git" / "hooks" / "pre-commit").exists()


def test_without_a_command_it_says_what_comes_next(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run().stdout
    assert said.startswith("1 note here: 2 cards in 1 deck.\n")
    assert "Next: cards build" in said
    assert not (vault / "decks").exists()
    run("build")
    assert "Next: cards push" in run().stdout
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run().stdout == run("--help").stdout


def test_help_of_a_command() -> None:
    assert run("help", "build").stdout == run("build", "--help").stdout
    assert run("help").stdout == run("--help").stdout
    assert "Did you mean push?" in refused("help", "psh")


def test_one_package_of_all_decks(vault: Path) -> None:
    write(vault, {"Far/Ports.md": NOTE.replace("Depth", "Height")})
    assert run("build", "--single", "all.apkg").exit_code == 0
    package = read_package.read((vault / "all.apkg").read_bytes(), "all.apkg")
    assert {note.deck for note in package.notes} == {"Far", "Takeaways"}
    first = (vault / "all.apkg").read_bytes()
    assert run("build", "--single", "all.apkg").exit_code == 0
    assert (vault / "all.apkg").read_bytes() == first
    assert "no such folder" in refused("build", "--single", "gone/all.apkg")


def test_init_in_a_repository(vault: Path) -> None:
    git(vault, "init", "-q")
    assert run("init", "--hook", "--ci").exit_code == 0
    workflow = (vault / ".github" / "workflows" / "cards.yml").read_text(encoding="utf-8")
    assert "cards build --check ." in workflow
    # the hook stops a commit whose decks are behind, and lets one through whose decks are not
    git(vault, "add", "Sea.md")
    assert git(vault, "commit", "-qm", "notes", check=False).returncode != 0
    assert run("build").exit_code == 0
    git(vault, "add", "-A")
    git(vault, "commit", "-qm", "notes and decks")
    assert "decks/Takeaways.apkg" in git(vault, "ls-files").stdout


def test_init_below_the_top_of_a_repository(vault: Path) -> None:
    git(vault, "init", "-q")
    (vault / "my notes").mkdir()
    assert run("init", "my notes", "--ci").exit_code == 0
    assert "cards build --check 'my notes'" in (vault / ".github" / "workflows" / "cards.yml").read_text(encoding="utf-8")


def test_a_build_says_what_changed_and_what_to_do_next(vault: Path) -> None:
    write(vault, {"Far/Ports.md": NOTE})
    first = run("build").stdout.splitlines()
    assert first[:5] == [
        "✓ wrote 2 decks with 4 cards",
        "  4 new",
        "",
        "  decks/Far.apkg             1 question        1 cloze",
        "  decks/Takeaways.apkg       1 question        1 cloze",
    ]
    write(vault, {"Sea.md": NOTE + "- **Width:** a cable\n"})
    second = run("build").stdout
    assert "Takeaways.apkg" in second
    assert "Far.apkg" not in second
    assert "  1 deck unchanged" in second
    assert run("build").stdout.startswith("✓ nothing to do: 2 decks with 5 cards up to date\n")


def test_colours_are_for_terminals_and_no_color_is_obeyed(vault: Path) -> None:
    write(vault, {"Sea.md": "It carries **the salt of all the rivers** to coasts.\n"})
    assert b"\x1b[" in on_a_terminal(*CARDS, "lint", ".")
    assert b"\x1b[" not in on_a_terminal(*CARDS, "lint", ".", NO_COLOR="1")
    assert b"\x1b[" not in subprocess.run([*CARDS, "lint", "."], capture_output=True, check=False).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    environment = {**os.environ, "_CARDS_COMPLETE": f"{shell}_source"}
    code = "from cards.cli import main; main(prog_name='cards')"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    if shell == "bash" and "version" in ran.stderr:
        pytest.skip(ran.stderr)
    assert "_cards_completion" in ran.stdout


@pytest.mark.parametrize("name", ["Talks #1", "notes: all", "a'b", "- x", "{x}"])
def test_the_workflow_is_yaml_whatever_the_folder_is_called(name: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    set_up(write(tmp_path / name, {"x": ""}), ci=True)
    given = yaml.safe_load((tmp_path / ".github" / "workflows" / "cards.yml").read_text(encoding="utf-8"))
    last = given["jobs"]["decks"]["steps"][-1]["run"]
    assert shlex.split(last) == ["cards", "build", "--check", name]


def test_the_schema_is_that_of_the_types(vault: Path) -> None:
    """`python scripts/schema.py` writes it; editors find it by the first line of the file that `init` writes."""
    found = subprocess.run(
        [sys.executable, "-c", "import schema; print(schema.text(), end='')"], cwd=ROOT / "scripts", capture_output=True
    )
    assert found.stdout.decode() == (ROOT / "cards" / "vault" / "cards.schema.json").read_text(encoding="utf-8")
    run("init")
    first = (vault / "cards.toml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"#:schema {json.loads(found.stdout)['$id']}"

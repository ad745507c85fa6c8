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
from click.testing import CliRunner, Result

from cards.cli import main
from cards.commands.init import set_up
from cards.vault.cards_toml import CardsToml, FolderTable, LintTable

NOTE = "- **Depth:** four fathoms at **the outer buoy** of it\n"

SCRIPTS = Path(__file__).parent.parent / "scripts"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Sea.md").write_text(NOTE, encoding="utf-8")
    return tmp_path


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    names = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *names, *arguments], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )


def test_init_writes_a_file_that_says_all_there_is(vault: Path) -> None:
    assert run("init").exit_code == 0
    text = (vault / "cards.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    uncommented = re.sub(r"^# (?=[\w\[\"-]+\"?\]? *(?:=|#|$)|\[)", "", text, flags=re.M)
    given = tomllib.loads(uncommented)
    assert set(given) == set(CardsToml.__struct_encode_fields__)
    assert set(given["lint"]) == set(LintTable.__struct_encode_fields__)
    assert set(given["folders"]["Podcasts/Daily"]) == set(FolderTable.__struct_encode_fields__)
    (vault / "Podcasts").mkdir()
    (vault / "Books").mkdir()
    (vault / "cards.toml").write_text(uncommented, encoding="utf-8")
    assert run("list").exit_code == 0
    assert not (vault / ".gitignore").exists()  # there is no git here


def test_init_writes_nothing_over(vault: Path) -> None:
    (vault / "cards.toml").write_text("deck = 'Mine'\n", encoding="utf-8")
    ran = run("init")
    assert ran.exit_code == 2
    assert "is there already; nothing was written" in ran.stderr
    assert (vault / "cards.toml").read_text(encoding="utf-8") == "deck = 'Mine'\n"
    ran = run("init", "--hook")
    assert "in no git repository" in ran.stderr


def test_init_in_a_repository(vault: Path) -> None:
    git("init", "-q")
    ran = run("init", "--hook", "--ci")
    assert ran.exit_code == 0, ran.output
    workflow = (vault / ".github" / "workflows" / "cards.yml").read_text(encoding="utf-8")
    assert "cards build --check ." in workflow
    # the hook stops a commit whose decks are behind, and lets one through whose decks are not
    git("add", "Sea.md")
    assert git("commit", "-qm", "notes").returncode != 0
    assert run("build").exit_code == 0
    git("add", "-A")
    committed = git("commit", "-qm", "notes and decks")
    assert committed.returncode == 0, committed.stderr
    assert "decks/Takeaways.apkg" in git("ls-files").stdout


def test_init_below_the_top_of_a_repository(vault: Path) -> None:
    git("init", "-q")
    (vault / "my notes").mkdir()
    assert run("init", "my notes", "--ci").exit_code == 0
    assert "cards build --check 'my notes'" in (vault / ".github" / "workflows" / "cards.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deck = 'A'\nkindz = 'qa'\n", "cards.toml:2: unknown key kindz; did you mean kinds?"),
        ("[lint]\nignored = ['C001']\n", "cards.toml:2: unknown key lint.ignored; did you mean lint.ignore?"),
        ("clips = 'yes'\n", "cards.toml:1: clips must be true or false"),
        ("deck = \n", "cards.toml: can't be read"),
    ],
)
def test_a_fault_in_the_configuration_says_where_and_what(vault: Path, text: str, said: str) -> None:
    (vault / "cards.toml").write_text(text, encoding="utf-8")
    ran = run("list")
    assert ran.exit_code == 2
    assert said in ran.stderr


def test_a_build_says_what_changed_and_what_to_do_next(vault: Path) -> None:
    (vault / "Far").mkdir()
    (vault / "Far" / "Ports.md").write_text(NOTE, encoding="utf-8")
    first = run("build").stdout.splitlines()
    assert first[:5] == [
        "✓ wrote 2 decks with 4 cards",
        "  4 new",
        "",
        "  decks/Far.apkg             1 question        1 cloze",
        "  decks/Takeaways.apkg       1 question        1 cloze",
    ]
    (vault / "Sea.md").write_text(NOTE + "- **Width:** a cable\n", encoding="utf-8")
    second = run("build").stdout
    assert "Takeaways.apkg" in second
    assert "Far.apkg" not in second
    assert "  1 deck unchanged" in second
    assert run("build").stdout.startswith("✓ nothing to do: 2 decks with 5 cards up to date\n")


def test_colours_are_for_terminals_and_no_color_is_obeyed(vault: Path) -> None:
    def on_a_terminal(**environment: str) -> bytes:
        leader, follower = os.openpty()
        command = [sys.executable, "-m", "cards", "lint", "."]
        environment = {**os.environ, "TERM": "xterm", **environment}
        subprocess.run(command, stdout=follower, stderr=follower, check=False, env=environment)
        os.close(follower)
        said = os.read(leader, 100_000)
        os.close(leader)
        return said

    (vault / "Sea.md").write_text("It carries **the salt of all the rivers** to coasts.\n", encoding="utf-8")
    assert b"\x1b[" in on_a_terminal()
    assert b"\x1b[" not in on_a_terminal(NO_COLOR="1")
    assert b"\x1b[" not in subprocess.run([sys.executable, "-m", "cards", "lint", "."], capture_output=True, check=False).stdout


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
    folder = tmp_path / name
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    set_up(folder, ci=True)
    given = yaml.safe_load((tmp_path / ".github" / "workflows" / "cards.yml").read_text(encoding="utf-8"))
    last = given["jobs"]["decks"]["steps"][-1]["run"]
    assert shlex.split(last) == ["cards", "build", "--check", name]


def test_the_schema_is_that_of_the_types(vault: Path) -> None:
    """`python scripts/schema.py` writes it; editors find it by the first line of the file that `init` writes."""
    found = subprocess.run(
        [sys.executable, "-c", "import schema; print(schema.text(), end='')"], cwd=SCRIPTS, capture_output=True
    )
    assert found.stdout.decode() == (SCRIPTS.parent / "cards" / "vault" / "cards.schema.json").read_text(encoding="utf-8")
    run("init")
    first = (vault / "cards.toml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"#:schema {json.loads(found.stdout)['$id']}"

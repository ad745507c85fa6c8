"""The house: rooms import only what stands before them, the core touches nothing, and the docs say what is true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cards"

# each room may import those before it
CORE = [
    "model",
    "prose",
    "timestamps",
    "links",
    "vocabulary",
    "language",
    "sentences",
    "lookalikes",
    "markdown",
    "outline",
    "labels",
    "properties",
    "questions",
    "sieve",
    "recordings",
    "trail",
    "walk",
    "parser",
    "typed",
    "generator",
    "render",
    "match",
    "ledger",
    "identity",
    "recognition",
    "changes",
    "exporter",
    "mathml",
    "rules",
    "lint",
    "listing",
    "codec",
]
SHELL = [
    "files",
    "config",
    "naming",
    "vault",
    "media",
    "package",
    "cache",
    "fresh",
    "store",
    "clips",
    "recover",
    "reading",
    "gather",
    "build",
    "increment",
    "examine",
    "setup",
    "preview",
    "serve",
    "verdict",
    "verify",
    "wording",
    "watch",
    "cli",
    "__main__",
]
IMPURE = {"open", "print", "input"}
IMPURE_MODULES = {"os", "pathlib", "time", "socket", "subprocess", "tempfile", "urllib.request", "shutil", "random", "datetime"}
PATH_VALUES = {"PurePosixPath"}


def imports_of(room: str) -> set[str]:
    tree = ast.parse((PACKAGE / f"{room}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "cards":
            found |= {alias.name for alias in node.names if not alias.name.startswith("_")}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cards."):
            found.add(node.module.split(".")[1])
    return found


def test_every_room_has_its_place() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"} == {*CORE, *SHELL}


@pytest.mark.parametrize("room", [*CORE, *SHELL])
def test_rooms_import_only_what_stands_before_them(room: str) -> None:
    order = [*CORE, *SHELL]
    assert imports_of(room) <= set(order[: order.index(room)])


@pytest.mark.parametrize("room", CORE)
def test_the_core_is_pure(room: str) -> None:
    tree = ast.parse((PACKAGE / f"{room}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE, f"{room}:{node.lineno}"
        if isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & IMPURE_MODULES, f"{room}:{node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module in IMPURE_MODULES:
            assert {alias.name for alias in node.names} <= PATH_VALUES, f"{room}:{node.lineno}"


def test_only_the_exporter_knows_genanki() -> None:
    users = {
        path.stem
        for path in PACKAGE.glob("*.py")
        if re.search(r"^\s*(import|from) genanki", path.read_text(encoding="utf-8"), re.M)
    }
    assert users == {"exporter"}


@pytest.mark.parametrize("flag", ["--help", "--version", "build --help"])
def test_start_up_is_light(flag: str) -> None:
    code = f"import sys; sys.argv = ['cards', *'{flag}'.split()]\nfrom cards.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\nprint(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"genanki", "markdown_it", "frontmatter", "yaml", "sentencex", "sqlite3", "asyncio", "tomllib"}
    assert not heavy & set(ran.stdout.splitlines()[-1].split())


def test_the_readme_names_every_command_and_option() -> None:
    from cards.cli import main

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        assert f"cards {name}" in readme
        for parameter in command.params:
            for option in parameter.opts:
                assert not option.startswith("-") or option in readme, f"{name} {option}"


def test_the_readme_closes_what_it_opens() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    fences = [line for line in readme.splitlines() if line.startswith("```")]
    assert all(re.fullmatch(r"```\w*", fence) for fence in fences[::2])
    assert set(fences[1::2]) == {"```"}


def test_ci_runs_the_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert f"```\n{command}\n```" in readme
    assert "scripts/check.py" in command


def test_the_readme_shows_what_the_examples_give(tmp_path: Path) -> None:
    # the folder differs from the README's, what is said does not
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "cards", "build", "examples", "-o", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for line in ran.stdout.splitlines():
        if line.strip() and ".apkg" not in line:
            assert line.strip().replace(f" -o {tmp_path}", "") in readme
    shown = re.findall(r"^  try/(\S+\.apkg .*)$", readme, re.M)
    assert len(shown) == 3
    for line in shown:
        assert line in ran.stdout.replace(str(tmp_path) + "/", "")

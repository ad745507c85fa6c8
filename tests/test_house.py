"""The house: start-up is light, and the docs say what is true. Who may import whom stands in `pyproject.toml`."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from cards.cli import COMMANDS, main

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("flag", ["--help", "--version", "build --help"])
def test_start_up_is_light(flag: str) -> None:
    code = f"import sys; sys.argv = ['cards', *'{flag}'.split()]\nfrom cards.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\nprint(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"genanki", "markdown_it", "frontmatter", "yaml", "sentencex", "sqlite3", "asyncio", "tomllib"}
    assert not heavy & set(ran.stdout.splitlines()[-1].split())


def test_the_docs_name_every_command() -> None:
    pages = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("commands.md", "lint.md", "push.md"))
    assert set(re.findall(r"^#+ .*?`cards ([\w-]+)", pages, re.M)) | {"push", "anki-addon"} == set(COMMANDS)
    assert "cards anki-addon" in pages
    assert "click:: cards.cli:main" in (ROOT / "docs" / "options.md").read_text(encoding="utf-8")  # every option of them


def test_the_docs_name_every_option_and_no_other() -> None:
    """By hand, with what it is for; `docs/options.md` has what `--help` says."""
    context = click.Context(main)
    options = {name: {"--help", *_options(main.get_command(context, name))} for name in COMMANDS}
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    assert set().union(*options.values()) - {"--help"} <= set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", text))
    for name, line in re.findall(r"(?<![\w-])cards ([a-z-]+)\b([^`\n|&#]*)", text):
        assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", line)) <= options.get(name, set()), f"cards {name}{line}"


def _options(command: click.Command | None) -> set[str]:
    assert command is not None
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts) if option.startswith("-")}


def test_the_readme_shows_what_a_clone_gives(tmp_path: Path) -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8").partition("so this one prints\n\n```\n")[2].partition("```\n")[0]
    for name in ("examples", "decks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "cards", "build", "examples", "-o", "decks"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == shown.strip() != ""


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


@pytest.mark.parametrize("page", PAGES)
def test_a_page_closes_what_it_opens(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = [line for line in text.splitlines() if line.startswith("```")]
    assert all(re.fullmatch(r"```(\w*|\{[\w-]+\})", fence) for fence in fences[::2])
    assert set(fences[1::2]) <= {"```"}


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx_click")
    pytest.importorskip("furo")
    pytest.importorskip("myst_parser")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "docs", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    page = (tmp_path / "options.html").read_text(encoding="utf-8")
    assert all(f"cards-{name}" in page for name in COMMANDS)
    assert (tmp_path / "llms.txt").is_file()


def test_ci_runs_the_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert f"```\n{command}\n```" in readme
    assert "scripts/check.py" in command


def test_the_docs_show_what_the_examples_give(tmp_path: Path) -> None:
    # the folder differs from that of the docs, what is said does not
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "cards", "build", "examples", "-o", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for line in ran.stdout.splitlines():
        if line.strip() and ".apkg" not in line:
            assert line.strip().replace(str(tmp_path), "try") in page
    shown = re.findall(r"^  try/(\S+\.apkg .*)$", page, re.M)
    assert len(shown) == 3
    for line in shown:
        assert line in ran.stdout.replace(str(tmp_path) + "/", "")


def test_the_architecture_has_every_package_in_its_layer() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    rows = [re.findall(r"`(\w+)(?:\.py)?`", row.split("|")[1]) for row in re.findall(r"^\| `\w+(?:\.py)?`.*", page, re.M)]
    assert [row for row in rows if row[0].islower()] == [layer.split(" | ") for layer in layers]


def test_the_glossary_names_what_there_is() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "cards").rglob("*.py"))
    names = {name for row in re.findall(r"^\| (`[A-Z].*?) \| ", page, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert {"Draft", "Card", "Note", "NoteState"} <= names
    for name in names:
        assert re.search(rf"^(?:class {name}\(|{name} = )", code, re.M), name


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "SECURITY.md", "trials/README.md"])
def test_paths_and_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    spans = " ".join(re.findall(r"`([^`\n]+)`", text))
    paths = re.findall(r"(?<![\w/.])(?:cards|tests|docs|scripts|trials|benchmarks)/[\w/.-]*\w", spans)
    links = re.findall(r"\]\((?!https?:|#)([^)#…\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S))
    for path in paths:
        assert (ROOT / path).exists(), path
    for link in links:
        assert ((ROOT / page).parent / link).exists(), link


def test_ci_has_the_pythons_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    promised = [each.rpartition(" ")[2] for each in project["project"]["classifiers"] if re.search(r":: 3\.\d+$", each)]
    workflow = (ROOT / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8")
    assert re.findall(r'"(3\.\d+)"', workflow) == promised
    assert "scripts/check.py" in workflow


def test_no_function_is_longer_than_a_page() -> None:
    """Fifty lines; how branched one may be is ruff's to say."""
    for path in (ROOT / "cards").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < 50, f"{path.relative_to(ROOT)}: {node.name}"


def test_the_action_runs_commands_that_there_are(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    shutil.copytree(ROOT / "examples", tmp_path / "notes")
    given = {"NOTES": "notes", "DECKS": "decks"}
    scripts = {step["name"]: step["run"] for step in action["runs"]["steps"] if "run" in step}
    assert set(scripts) == {"Install", "Check", "Lint", "Build"}
    codes: dict[str, list[int]] = {}
    for name in ("Check", "Build", "Check", "Lint"):
        command = re.sub(r"^cards ", f"{shlex.quote(sys.executable)} -m cards ", scripts[name])
        ran = subprocess.run(
            ["bash", "-ec", command], cwd=tmp_path, env={**os.environ, **given, "PYTHONPATH": str(ROOT)}, check=False
        )
        codes.setdefault(name, []).append(ran.returncode)
    assert codes["Build"] == [0]
    assert codes["Check"] == [1, 0]


def test_the_hooks_run_commands_that_there_are() -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")):
        program, command, *options = hook["entry"].split()
        assert program == "cards"
        assert command in COMMANDS
        help_ = subprocess.run(
            [sys.executable, "-m", "cards", command, "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert all(option in help_ for option in options)


def test_the_container_runs_cards_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert 'ENTRYPOINT ["cards"]' in lines
    assert lines.index("USER cards") < lines.index('ENTRYPOINT ["cards"]')


def test_every_command_has_a_man_page(tmp_path: Path) -> None:
    pytest.importorskip("click_man")
    subprocess.run(
        [sys.executable, "scripts/man.py", str(tmp_path)], cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert {path.name for path in tmp_path.iterdir()} == {"cards.1", *(f"cards-{name}.1" for name in COMMANDS)}
    assert "dry" in (tmp_path / "cards-push.1").read_text(encoding="utf-8")

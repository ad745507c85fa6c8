"""The house: start-up is light, and the docs say what is true. Who may import whom stands in `pyproject.toml`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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

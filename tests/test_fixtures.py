"""The grammar, case by case: each fixture is a title, a note, and what it must give.

A case is added by adding text. `pytest --rewrite` writes what the cases give now; read the difference before you keep it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.reading import report

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.md"))
_CASE = re.compile(r"^=== (?P<title>[^\n]+)\n(?P<note>.*?)^>>>\n(?P<expected>.*?)(?=^=== |\Z)", re.M | re.S)


def cases() -> list[ParameterSet]:
    found = []
    for file in FIXTURES:
        for match in _CASE.finditer(file.read_text(encoding="utf-8")):
            found.append(pytest.param(file, match, id=f"{file.stem}: {match['title']}"))
    return found


@pytest.mark.parametrize(("file", "case"), cases())
def test_case(file: Path, case: re.Match[str], request: pytest.FixtureRequest) -> None:
    given = report(case["note"])
    if request.config.getoption("--rewrite"):
        text = file.read_text(encoding="utf-8")
        start = text.index(case[0])
        written = f"=== {case['title']}\n{case['note']}>>>\n" + "".join(f"{line}\n" for line in given) + "\n"
        file.write_text(text[:start] + written + text[start + len(case[0]) :], encoding="utf-8")
    else:
        assert given == case["expected"].strip().splitlines()


def test_every_fixture_has_cases() -> None:
    assert len(cases()) > 90

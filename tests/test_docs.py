"""The examples of the documentation do what stands beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.vaults import ROOT, run, write

PAGE = ROOT / "docs" / "exports.md"
_EXAMPLE = re.compile(r"```markdown\n(?P<note>.*?)^```\n\n```text\n(?P<cards>.*?)^```\n", re.S | re.M)
EXAMPLES = list(_EXAMPLE.finditer(PAGE.read_text(encoding="utf-8")))


def test_each_export_has_an_example() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", re.sub(r"```.*?^```", "", text, flags=re.S | re.M), re.M)
    assert len(EXAMPLES) >= len(headings) - 1  # the last section is about times


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["cards"].partition("  ")[0])
def test_an_export_gives_the_cards_beside_it(example: re.Match[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = example["cards"].partition(".md:")[0]
    write(tmp_path, {f"{name}.md": example["note"]})
    monkeypatch.chdir(tmp_path)
    assert run("list").stdout == example["cards"]

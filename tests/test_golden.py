"""Nothing that the examples and the fixtures give changes unseen. `pytest --rewrite` keeps what they give now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import golden

ROOT = Path(__file__).parent.parent
KEPT = Path(__file__).parent / "golden.json"


@pytest.mark.parametrize("source", ["examples", "fixtures"])
def test_nothing_changes_unseen(source: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    notes = ROOT / "examples"
    if source == "fixtures":
        notes = tmp_path / "notes"
        golden.fixtures(Path(__file__).parent / "fixtures", notes)
    found = golden.hashes(notes, tmp_path / "work")
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    if request.config.getoption("--rewrite"):
        KEPT.write_text(json.dumps({**kept, source: found}, indent=1) + "\n", encoding="utf-8")
    else:
        assert found == kept[source]

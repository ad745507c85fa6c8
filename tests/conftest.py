from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="Write what the fixtures give now into their expected part.")


@pytest.fixture
def shared() -> Path:
    """Notes that stand beside the project where it is developed; without them the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip("the notes beside the project are not here")
    return SHARED

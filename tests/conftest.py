from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
TODAY = 1_795_400_000  # seconds since 1970: the day on which every test runs, unless it sets another


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test depends on the clock, which stands still for builds, or on what is the user's: cache, memory, an open Anki."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(TODAY))
    monkeypatch.setenv("CARDS_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("CARDS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    monkeypatch.setenv("ANKICONNECT_PORT", "1")  # where nothing listens


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="Notes beyond measure are as large as in the trials.")
    parser.addoption("--rewrite", action="store_true", help="Write what the fixtures give now into their expected part.")


@pytest.fixture
def shared() -> Path:
    """Notes that stand beside the project where it is developed; without them the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip("the notes beside the project are not here")
    return SHARED

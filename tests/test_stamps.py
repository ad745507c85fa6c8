"""No stamp is invented: a second program, which knows no rules, finds each in the text of its note."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cards
from tests.golden import fixtures
from tests.vaults import ROOT

_CLOCK = re.compile(r"(?<!\d)(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?!\d)")
_LINKED = re.compile(
    r"(?:[?&#]|&amp;)(?:t|time|start|endTime|end|seek|ts|begin)=(\d+(?:\.\d+)?)(?:,(\d+))?|youtube-timestamp (\d+)", re.I
)
_UNITS = re.compile(r"[?&#]t=(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.I)


def seconds_in(text: str) -> set[int]:
    """All seconds that a text could mean, as clock times or in links."""
    found = {int(h or 0) * 3600 + int(m) * 60 + int(s) for h, m, s in _CLOCK.findall(text)}
    found |= {int(float(value)) for match in _LINKED.findall(text) for value in match if value}
    found |= {int(h or 0) * 3600 + int(m or 0) * 60 + int(s or 0) for h, m, s in _UNITS.findall(text)}
    return found


@pytest.mark.parametrize("source", ["examples", "fixtures", "notes", "corpus"])
def test_each_stamp_stands_in_its_note(source: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = ROOT / "examples"
    if source == "fixtures":
        folder = tmp_path
        fixtures(ROOT / "tests" / "fixtures", tmp_path)
    elif source != "examples":
        folder = request.getfixturevalue("shared") / source
    stamps = 0
    wrong: list[str] = []
    for path in sorted(folder.rglob("*.md")):
        text = path.read_text(encoding="utf-8", errors="replace")
        there = seconds_in(text)
        for draft in cards.generate(cards.parse(text, path.name)).drafts:
            for stamp in draft.place.stamps:
                stamps += 1
                if stamp.start not in there or (stamp.end is not None and stamp.end not in there):
                    wrong.append(f"{path.name}:{draft.place.line}: {stamp}")
    assert stamps > 10
    assert not wrong

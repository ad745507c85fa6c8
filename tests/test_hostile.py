"""Hostile notes: no field holds more than what Cards writes itself, and nothing runs in Anki's cards or in the preview."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("nh3")
from cards.config import load
from cards.examine import examine
from cards.preview import page as preview_page
from tests import hostile
from tests.browser import browser

FEW = 17  # of so many vectors one is drawn in the browser; `trials/hostile.py` draws them all


def test_no_field_holds_what_is_not_ours(tmp_path: Path) -> None:
    """Every vector in one of the places, each place with every n-th vector."""
    places = list(hostile.PLACES)
    notes = []
    for n, vector in enumerate(hostile.vectors()):
        for place in (places[n % len(places)], places[(n + 11) % len(places)]):
            notes.append((f"{n}-{place}.md", hostile.note(place, vector)))
    report = hostile.build_notes(tmp_path, notes)
    assert len(report.collected.cards) > 500
    for card in report.collected.cards:
        for field in card.fields:
            assert (found := hostile.foreign(field)) is None, (card.draft.place.note, field, found)


def test_the_oracle_sees_what_is_not_ours() -> None:
    for field in ("<script>x</script>", "<a href='javascript:x'>y</a>", "<b onclick=x>y</b>", "<b style='x'>y</b>", "<u>x</u>"):
        assert hostile.foreign(field) is not None
    assert hostile.foreign('a &lt;b&gt; }<!-- -->} <a href="https://a.example/?a=1&amp;b=2">x</a><br>') is None


def test_nothing_runs_in_a_card_or_in_the_preview(tmp_path: Path) -> None:
    pytest.importorskip("anki.collection")
    places = list(hostile.PLACES)
    notes = [
        (f"{n}.md", hostile.note(places[n // FEW % len(places)], vector))
        for n, vector in enumerate(hostile.vectors())
        if n % FEW == 0
    ]
    notes += [(f"all {place}.md", hostile.note(place, "<img src=x onerror=__ran(1)>")) for place in places]
    hostile.build_notes(tmp_path, notes)
    sides = [side for both in hostile.drawn(tmp_path) for side in both]
    with browser() as chromium:
        assert hostile.run_cards(chromium, sides) == []
        assert hostile.run_cards(chromium, ["<img src=x onerror=__ran(1)>"])  # the page is one where a script would run
        made = preview_page(examine(load((tmp_path / "vault",), tmp_path / "decks", None, None)), "hostile")
        assert hostile.run_preview(chromium, made) == []

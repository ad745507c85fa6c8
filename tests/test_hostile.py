"""Hostile notes: no field holds more than what Cards writes itself, and nothing runs in Anki's cards or in the preview."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

pytest.importorskip("nh3")

from cards.anki import render
from cards.anki.write_package import export
from cards.media.clips import Clips
from cards.media.embeds import Embeds
from cards.model import AnkiNote, CardsError, Deck
from cards.parser.markdown import inline
from cards.preview.page import page as preview_page
from cards.vault import scan
from cards.vault.note_files import VaultFiles
from tests import hostile
from tests.browser import browser
from tests.reading import drafts_of
from tests.vaults import configured, looked, write

FEW = 31  # of so many vectors one is drawn in the browser; `trials/hostile.py` draws them all


def test_no_field_holds_what_is_not_ours(tmp_path: Path) -> None:
    """Every vector in one of the places, each place with every n-th vector."""
    pairs = enumerate(zip(hostile.vectors(), itertools.cycle(hostile.PLACES)))
    report = hostile.build_notes(tmp_path, [(f"{n}.md", hostile.note(place, vector)) for n, (vector, place) in pairs])
    assert len(report.result.cards) > 300
    for card in report.result.cards:
        for field in card.fields:
            assert (found := hostile.foreign(field)) is None, (card.draft.place.note, field, found)


def test_the_oracle_sees_what_is_not_ours() -> None:
    for field in ("<script>x</script>", "<a href='javascript:x'>y</a>", "<b onclick=x>y</b>", "<b style='x'>y</b>", "<u>x</u>"):
        assert hostile.foreign(field) is not None
    assert hostile.foreign('a &lt;b&gt; }<!-- -->} <a href="https://a.example/?a=1&amp;b=2">x</a><br>') is None


def test_nothing_runs_in_a_card_or_in_the_preview(tmp_path: Path) -> None:
    pytest.importorskip("anki.collection")
    places = list(hostile.PLACES)
    few = enumerate(hostile.vectors()[::FEW])
    notes = [(f"{n}.md", hostile.note(places[n % len(places)], vector)) for n, vector in few]
    notes += [(f"all {place}.md", hostile.note(place, "<img src=x onerror=__ran(1)>")) for place in places]
    hostile.build_notes(tmp_path, notes)
    sides = [side for both in hostile.drawn(tmp_path) for side in both]
    with browser() as chromium:
        assert hostile.run_cards(chromium, sides) == []
        assert hostile.run_cards(chromium, ["<img src=x onerror=__ran(1)>"])  # the page is one where a script would run
        made = preview_page(looked(tmp_path / "vault", tmp_path / "decks", keep_notes=True), "hostile")
        assert hostile.run_preview(chromium, made) == []


def test_no_override_of_direction_reaches_a_card() -> None:
    """It would show words in another order than they are; the marks that Arabic and Hebrew texts need stay."""
    note = "---\ntitle: a \u202eb\n---\n## c \u202dd\n- **e \u202ef:** g \u2067\u05d0\u2069 **h \u202ei** j k l\n"
    fields = [field for draft in drafts_of(note, "m \u202en.md") for field in render.fields(draft, "guid", "", {})]
    assert not any(mark in field for field in fields for mark in "\u202d\u202e")
    assert any("\u2067\u05d0\u2069" in field for field in fields)


def test_a_template_of_a_recording_makes_no_link_that_acts(tmp_path: Path) -> None:
    write(tmp_path, {"cards.toml": '[recordings]\n"a.example" = "javascript:__ran({seconds})//{url}"\n'})
    with pytest.raises(CardsError, match="must be a link"):
        configured(tmp_path)


@pytest.mark.parametrize("value", ['"a\\x1fb"', '"a\\0b"', '["a\\x1fb"]', '{a: "b\\x7fc"}'])
@pytest.mark.parametrize("key", ["title", "show", "guests", "tags", "deck", "source", "author"])
def test_no_control_comes_out_of_the_frontmatter(key: str, value: str, tmp_path: Path) -> None:
    """Anki takes one of them for the end of a field."""
    write(tmp_path, {"n.md": f"---\n{key}: {value}\n---\n- **Label:** the **phrase of it** is here\n"})
    for card in looked(tmp_path).cards:
        assert not any(ord(char) < 32 or ord(char) == 127 for each in (*card.fields, card.deck, *card.tags) for char in each)


def test_a_picture_from_the_web_in_a_link_is_one_link() -> None:
    field = render.prose(inline("[![](https://a.example/x.png) b](https://b.example)", {}).prose, {})
    assert field == '<a href="https://b.example">x.png b</a>'


def test_a_kept_clip_is_a_name_and_nothing_else(tmp_path: Path) -> None:
    """The deck beside the ledger may be anyone's."""
    talk, stamps = "talk-0123456789ab.mp3", '<span class="stamp">1:20</span>'
    clip = f"[sound:{talk}]"
    for audio, kept in ((clip, clip), (f"{clip}<script>__ran(1)</script>", ""), ("[sound:../x.mp3]", "")):
        fields = ("front", "back", "", stamps, audio, "", "", "guid")
        card = AnkiNote(guid="guid", kind="qa", deck="D", tags=(), fields=fields, ordinals=(1,), media=(talk,), mod=1)
        (tmp_path / "D.apkg").write_bytes(export(Deck("D", (card,)), {talk: b"sound"}))
        clips = Clips(configured(tmp_path, tmp_path), Embeds(VaultFiles(tmp_path), scan.Tree((), (), ())))
        assert clips.kept("guid", "D", stamps) == kept

"""The stories again, through the real Anki: import, answer, edit there, rebuild, import. History and edits stay."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.anki_run import collection, import_deck
from tests.test_identity import stories, write_notes
from tests.vaults import built, run, write

anki_run = pytest.importorskip("tests.anki_run")


START = 1795310000


def history(opened: Any) -> dict[int, tuple[object, ...]]:
    return {row[0]: tuple(row) for row in opened.db.all("select id, cid, ease, ivl, type from revlog")}


def answer_all(opened: Any) -> int:
    """Answer every card once; the number answered."""
    answered = 0
    for deck in opened.decks.all_names_and_ids():
        opened.decks.select(deck.id)
        while (card := opened.sched.getCard()) is not None and answered < 200:
            card.start_timer()
            opened.sched.answerCard(card, 4)
            answered += 1
    return answered


@pytest.mark.parametrize("options", [{}, {"merge": True, "scheduling": True}], ids=["defaults", "merge and progress"])
@pytest.mark.parametrize("story", stories())
def test_story_in_anki(story: re.Match[str], options: dict[str, bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *parts, _ = re.split(r"^>>>\n", story["body"], flags=re.M)
    with anki_run.collection(tmp_path / "anki") as opened:
        edited: dict[str, str] = {}
        mods: dict[str, int] = {}
        for step, part in enumerate(parts):
            monkeypatch.setenv("SOURCE_DATE_EPOCH", str(START + 100 * step))
            write_notes(tmp_path / "notes", part)
            report = built(tmp_path / "notes", tmp_path / "decks", keep_cards=True)
            reviews, owners = history(opened), dict(opened.db.all("select id, nid from cards"))
            for written in report.decks:
                counts = anki_run.import_deck(opened, written.path, **options)
                assert "conflicting" not in counts
                assert "full_sync" not in counts
                assert set(anki_run.import_deck(opened, written.path, **options)) <= {"duplicate"}
            # no review is lost, and no card belongs to another note than before
            assert reviews.items() <= history(opened).items()
            assert owners.items() <= dict(opened.db.all("select id, nid from cards")).items()
            for card in report.result.cards:
                note = opened.get_note(opened.db.scalar("select id from notes where guid = ?", card.guid))
                if mods.get(card.guid) == card.anki.mod:
                    assert note["Extra"] == edited[card.guid]  # untouched: the user's edit stands
                else:
                    assert note.fields == list(card.fields)  # changed: the takeaway is delivered
                mods[card.guid] = card.anki.mod
                edited[card.guid] = note["Extra"] = f"my own words about {card.guid}"
                opened.update_note(note)
                # the edit in Anki was made between the two builds of the story
                opened.db.execute("update notes set mod = ? where id = ?", START + 100 * step + 50, note.id)
            assert answer_all(opened) > 0 or not report.result.cards or step
        kinds = {row[0] for row in opened.db.all("select distinct mid from notes")}
        assert len(kinds) <= 2


def test_the_reviews_of_a_deleted_note_pass_to_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anki keeps the reviews of a card that the user deleted, under its id: a new card must not have the same."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(START))
    text = "".join(f"- **Label {n}:** text of {n}\n" for n in range(20))
    with anki_run.collection(tmp_path / "anki") as opened:
        built(write(tmp_path, {"Old/a.md": text}))
        anki_run.import_deck(opened, tmp_path / "decks" / "Old.apkg")
        assert answer_all(opened) > 0
        opened.remove_notes(opened.find_notes(""))
        built(write(tmp_path, {"New/b.md": text.replace("Label", "Name")}))
        anki_run.import_deck(opened, tmp_path / "decks" / "New.apkg")
        assert opened.db.scalar("select count() from cards") == 20
        assert opened.db.scalar("select count() from cards where id in (select cid from revlog)") == 0


def test_a_gap_that_waits_brings_no_empty_card(tmp_path: Path) -> None:
    """A title that no longer gives a phrase away changes no takeaway: the note stays, so its new gap waits."""
    text = "- the **neap tide** comes every **other week** in May\n"
    write(tmp_path, {"v/The neap tide.md": text})
    with collection(tmp_path / "anki") as opened:
        run("build", tmp_path / "v", "-o", tmp_path / "d")
        import_deck(opened, tmp_path / "d" / "Takeaways.apkg")
        (tmp_path / "v" / "The neap tide.md").rename(tmp_path / "v" / "Waters.md")
        for _ in range(2):
            run("build", tmp_path / "v", "-o", tmp_path / "d")
            import_deck(opened, tmp_path / "d" / "Takeaways.apkg")
            assert list(opened.get_empty_cards().notes) == []
            assert opened.card_count() == 1
        assert "waiting" in run("diff", tmp_path / "v", "-o", tmp_path / "d").stdout
        run("build", tmp_path / "v", "-o", tmp_path / "d", "--refresh")
        import_deck(opened, tmp_path / "d" / "Takeaways.apkg")
        assert opened.card_count() == 2
        assert list(opened.get_empty_cards().notes) == []

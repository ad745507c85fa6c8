"""What apps export: where a highlight is from. The shapes themselves are in `fixtures/exports.md`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cards.model import marked_text
from cards.model.blocks import block_text
from cards.model.prose import squeeze
from cards.pipeline.report import Report
from tests.reading import drafts_of
from tests.vaults import built, edit, looked, write


@pytest.mark.parametrize(
    ("callout", "page"),
    [
        (
            "> [!quote|#ffd400] Highlight\n> The ebb runs **two fathoms** an hour. ([page 12](zotero://open-pdf/library/items/A))\n",
            "p. 12",
        ),
        (
            "> [!quote|#ffd400]+ Highlight ([page. 12](zotero://open-pdf/A))\n> The ebb runs **two fathoms** an hour.\n",
            "p. 12",
        ),
        ("> [!quote|#ffd400] The ebb runs **two fathoms** an hour. (p. 12-13)\n", "p. 12-13"),
        ("> [!quote] The ebb runs **two fathoms** an hour. (p. 12)\n", ""),
        ("The ebb runs **two fathoms** an hour. ([Aker, p. 12](zotero://select/A)) ([pdf](zotero://open-pdf/A))\n", "p. 12"),
    ],
)
def test_the_page_of_a_highlight_stands_with_the_title(callout: str, page: str) -> None:
    (draft,) = drafts_of(callout)
    assert draft.place.byline == ((page,) if page else ())
    assert marked_text(draft) == "The ebb runs {{c1::two fathoms}} an hour."
    assert bool(draft.back) is not bool(page)  # what is no page of Zotero stays in the text


BLOCK = "6403cc3b-fa6f-4eb4-9934-b87e25ee3a0d"
REFERS = f"- **Bar:** as the pilots say, (({BLOCK})) in most winters\n"


def statuses(report: Report) -> Counter[str]:
    return Counter(change.status for change in report.result.changes)


def said(folder: Path) -> list[str]:
    return [squeeze(" ".join(map(block_text, card.draft.back))) for card in looked(folder).cards]


def test_a_block_of_another_note_is_shown_and_followed(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": REFERS, "pages/b.md": f"- it breaks at ebb\n  id:: {BLOCK}\n- another\n"})
    assert statuses(built(tmp_path)) == {"new": 1}
    assert said(tmp_path) == ["as the pilots say, it breaks at ebb in most winters"]
    assert not statuses(built(tmp_path))
    edit(tmp_path / "pages" / "b.md", "at ebb", "at every ebb")
    assert statuses(built(tmp_path)) == {"updated": 1}
    assert said(tmp_path) == ["as the pilots say, it breaks at every ebb in most winters"]
    (tmp_path / "pages" / "b.md").unlink()
    assert statuses(built(tmp_path)) == {"updated": 1}
    assert said(tmp_path) == ["as the pilots say, in most winters"]


def test_a_reference_may_come_before_its_block(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": REFERS, "c.md": "- **Mole:** built of granite\n"})
    built(tmp_path)
    write(tmp_path, {"pages/b.md": f"- it breaks at ebb\n  id:: {BLOCK}\n"})
    assert statuses(built(tmp_path)) == {"updated": 1}
    write(tmp_path, {"d.md": REFERS.replace("Bar", "Bank")})
    assert statuses(built(tmp_path)) == {"new": 1}
    assert said(tmp_path)[-1] == "as the pilots say, it breaks at ebb in most winters"


SNIP = "https://share.snipd.com/snip/"


def test_a_snip_after_a_transcript_opens_itself() -> None:
    found = drafts_of(
        "".join(
            f"### [{title}]({SNIP}{n})\n🎧 0{n}:18 - 0{n}:38 (00:20)\n\nThe pilots **sound the bar** each spring.\n\n"
            "#### 📚 Transcript\nAnn: they do.\n\n"
            for n, title in enumerate(("The bar of the harbour moves", "The buoys follow the bar slowly"), 1)
        )
    )
    assert len(found) == 4
    for draft in found:
        first = "bar of the harbour" in f"{marked_text(draft)} {draft.place.context}"
        assert {stamp.url for stamp in draft.place.stamps} == {f"{SNIP}{1 if first else 2}"}


def test_the_player_of_a_snip_that_asks_is_no_answer() -> None:
    (draft,) = drafts_of(f"### [What moves the bar?]({SNIP}1)\n🎧 04:00 - 04:30 (00:30)\n\nEach gale that comes over it.\n")
    assert [block_text(block) for block in draft.back] == ["Each gale that comes over it."]
    assert [(stamp.start, stamp.end) for stamp in draft.place.stamps] == [(240, 270)]


def test_a_page_in_running_text_makes_no_highlight() -> None:
    assert not drafts_of("The bar cost four ships in a winter (page 14).\n\nWhat should the town have done about it?\n")


def test_an_anchor_behind_a_heading_is_not_part_of_its_question() -> None:
    (draft,) = drafts_of("### How long does the ebb run here? {#ebb}\n\nSix hours and a half.\n")
    assert marked_text(draft) == "How long does the ebb run here?"


def test_a_quote_parts_a_heading_from_the_next() -> None:
    quotes = "# Sea\n\n## Notable Quotes\n\n> Keep to the buoys.\n\n"
    (draft,) = drafts_of(f"{quotes}## Practical Takeaways\n\n- Sound the bar in spring\n- Move the buoys after each gale\n")
    assert marked_text(draft) == "Practical Takeaways"


JOURNAL = """\
- {{video https://youtu.be/abcdefghijk}}
    - 10:12 The **pilot of the port** counts the ships
- Watched [a talk](https://youtu.be/abcdefghijz) on tides
    - 1:12 The **keeper of the light** sees them first
- 14:00-15:30 call with **the master of the harbour** about oil
- **Bell:** it rings in fog (9:15)
"""


@pytest.mark.parametrize(("path", "known"), [("2024_01_03.md", 2), ("2024-01-03.md", 2), ("2024-01-03 Tides.md", 4)])
def test_times_of_a_day_are_no_stamps(path: str, known: int) -> None:
    stamps = {draft.place.line: draft.place.stamps for draft in drafts_of(JOURNAL, path)}
    assert sum(map(bool, stamps.values())) == known
    assert stamps[2][0].url == "https://youtu.be/abcdefghijk?t=612s"
    assert stamps[4][0].url == "https://youtu.be/abcdefghij" + ("z" if known == 2 else "k") + "?t=72s"


def test_a_recording_under_a_heading_of_a_journal_dates_what_is_below_it() -> None:
    text = (
        "## A talk\n\nhttps://youtu.be/abcdefghijk\n\n- 10:12 The **pilot of the port** counts the ships of the day\n\n"
        "## Rest\n\n- 11:12 The **master of the port** sleeps until the late morning\n"
    )
    assert [bool(draft.place.stamps) for draft in drafts_of(text, "2024-01-03.md")] == [True, False]

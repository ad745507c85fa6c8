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

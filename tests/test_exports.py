"""What apps export: where a highlight is from. The shapes themselves are in `fixtures/exports.md`."""

from __future__ import annotations

import pytest

from cards.model import marked_text
from tests.reading import drafts_of


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

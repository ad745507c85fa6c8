"""What makes a card newer: a change of the takeaway that it shows, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cards.pipeline.build import collect
from tests.test_identity import NOW
from tests.vaults import configured, write

SOURCE = "---\nsource: https://youtu.be/abcdefghijk\n---\n"
OTHER = SOURCE.replace("abcdefghijk", "bbcdefghijk")
PARENT = "- **Depth:** the water is deep.\n"
POINTS = "- **Depth:**\n  - one thing (1:20)\n  - two things (2:10)\n"
TWO = "The **neap tide** comes later (1:20). The **spring tide** comes sooner ({}).\n"
TABLE = "- **Depth:** as follows\n\n  | a | b |\n  |---|---|\n  | c | d |\n  | e | f |\n"

NEWER = {
    "label": ("- **Depth:** four fathoms at the buoy\n", "- **Depth of it:** four fathoms at the buoy\n"),
    "text": ("- **Depth:** four fathoms at the buoy\n", "- **Depth:** five fathoms at the buoy\n"),
    "link": ("- **Depth:** see [here](https://a.example)\n", "- **Depth:** see [here](https://b.example)\n"),
    "child": (f"{PARENT}  - at the pier ten metres\n", f"{PARENT}  - at the pier twelve metres\n"),
    "child more": (PARENT, f"{PARENT}  - at the pier ten metres\n"),
    "child of a child": (f"{PARENT}  - here\n    - ten\n", f"{PARENT}  - here\n    - nine\n"),
    "child nested": (f"{PARENT}  - one\n  - two\n", f"{PARENT}  - one\n    - two\n"),
    "kind of list": (f"{PARENT}  1. one\n  2. two\n", f"{PARENT}  - one\n  - two\n"),
    "stamp": (f"{SOURCE}- **Depth:** deep (1:20)\n", f"{SOURCE}- **Depth:** deep (1:21)\n"),
    "stamp of a child": (SOURCE + POINTS, SOURCE + POINTS.replace("1:20", "1:30")),
    "recording": (SOURCE + POINTS, OTHER + POINTS),
    "stamp of another sentence": (SOURCE + TWO.format("2:20"), SOURCE + TWO.format("2:30")),
    "quote": (f"{PARENT}  > said\n\n  more\n", f"{PARENT}  > said\n  >\n  > more\n"),
    "table": (TABLE, TABLE.replace("| a | b |\n  |---|---|\n  | c | d |", "| a | b | c |\n  |---|---|---|\n  | d |")),
    "code": ("- **Depth:** `a  b` of it\n", "- **Depth:** `a b` of it\n"),
    "tag": ("---\ntags: sea\n---\n- **Depth:** deep\n", "---\ntags: bay\n---\n- **Depth:** deep\n"),
}
THE_SAME = {
    "title": ("---\ntitle: Sea\n---\n- **Depth:** deep\n", "---\ntitle: Bay\n---\n- **Depth:** deep\n"),
    "heading": ("## Sea\n- **Depth:** deep\n", "## Bay\n- **Depth:** deep\n"),
    "parent": ("- at sea\n  - **Depth:** deep\n", "- in the bay\n  - **Depth:** deep\n"),
    "deck": ("---\ndeck: Sea\n---\n- **Depth:** deep\n", "---\ndeck: Bay\n---\n- **Depth:** deep\n"),
    "white space": ("- **Depth:** deep and wide\n", "- **Depth:**  deep\n  and wide\n"),
    "stamp written otherwise": (f"{SOURCE}- **Depth:** deep (1:20)\n", f"{SOURCE}- **Depth:** deep [01:20]\n"),
    "link to the same video": (f"{SOURCE}{POINTS}", SOURCE.replace("youtu.be/", "www.youtube.com/watch?v=") + POINTS),
    "children of a cloze": ("- the **neap tide** comes later\n  - one\n", "- the **neap tide** comes later\n  - two\n"),
    "folder of a picture": ("- **Depth:** ![[a/wave.png]]\n", "- **Depth:** ![[b/wave.png]]\n"),
}


def _newer(folder: Path, before: str, after: str) -> bool:
    """Whether any card that lasts is newer after an edit."""
    config = configured(write(folder / "notes", {"a/wave.png": "x", "b/wave.png": "x", "Sea.md": before}), folder / "decks")
    first = collect(config, {}, NOW)
    write(folder / "notes", {"Sea.md": after})
    second = collect(config, first.entries, NOW + 60)
    assert {guid for guid, entry in second.entries.items() if entry.live} >= {card.guid for card in first.cards}
    return any(second.entries[card.guid].mod != first.entries[card.guid].mod for card in first.cards)


@pytest.mark.parametrize("name", NEWER)
def test_a_card_whose_takeaway_changes_is_newer(name: str, tmp_path: Path) -> None:
    assert _newer(tmp_path, *NEWER[name])


@pytest.mark.parametrize("name", THE_SAME)
def test_a_card_whose_takeaway_is_the_same_is_not(name: str, tmp_path: Path) -> None:
    assert not _newer(tmp_path, *THE_SAME[name])

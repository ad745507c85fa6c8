"""Every vector in every place of a note: fields, cards and previews in which nothing may run.

    python trials/hostile.py [--mathjax FOLDER]

needs `pip install -e '.[dev]'` and Chromium. FOLDER is `_aqt/data/web/js` of an unpacked wheel of `aqt`; with it the cards
are drawn with Anki's MathJax, and each command of `cards/mathjax.txt` is given hostile arguments. Prints counts and what
happened that must not; exits 1 on any of that.
"""

from __future__ import annotations

import argparse
import html
import sys
import time
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cards.anki.render import maths
from cards.pipeline.build import look
from cards.preview.page import page as preview_page
from cards.vault.config import load
from tests import hostile
from tests.browser import browser

_CSS = "red;background:url(//evil.test/x)"
_LINK = "javascript:__ran(1)"
_ARGUMENTS = [f"{{{_LINK}}}{{x}}", f"{{{_CSS}}}{{white}}{{x}}", f"[{_CSS}]{{x}}{{y}}", f"{{white}}{{{_CSS}}}{{x}}"]
_ARGUMENTS += [f'{{mi}}[href="{_LINK}" style="{_CSS}" onclick="__ran(1)"]{{x}}', f"{{x}}{{{_LINK}}}{{{_CSS}}}{{y}}"]


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--mathjax", type=Path)
    mathjax = given.parse_args().mathjax
    vectors, wrong, began = hostile.vectors(), [], time.monotonic()
    notes = fields = cards = 0
    with browser() as chromium:
        for place in hostile.PLACES:
            with TemporaryDirectory(prefix="cards-hostile-") as name:
                folder = Path(name)
                made = [(f"{n}.md", hostile.note(place, vector)) for n, vector in enumerate(vectors)]
                made += [
                    (f"{n} {v.replace('/', '')[:60]}.md", "- **Label:** a\n") for n, v in enumerate(vectors) if "\0" not in v
                ]
                report = hostile.build_notes(folder, made)
                of_fields = [field for card in report.result.cards for field in card.fields]
                found = [f"{place}: field {field!r}" for field in of_fields if hostile.foreign(field) is not None]
                sides = [side for both in hostile.drawn(folder) for side in both]
                found += [f"{place}: {each}" for each in hostile.run_cards(chromium, sides, mathjax)]
                config = load((folder / "vault",), folder / "decks", None, None)
                preview = preview_page(look(config, keep_notes=True), "hostile")
                found += [f"{place}: preview: {each}" for each in hostile.run_preview(chromium, preview)]
            notes, fields, cards = notes + len(made), fields + len(of_fields), cards + len(sides) // 2
            wrong += found
            print(f"{place}: {len(of_fields):,} fields, {len(sides) // 2:,} cards, {len(found)} wrong", flush=True)
        formulas = 0
        if mathjax:
            lines = (files("cards.anki") / "mathjax.txt").read_text(encoding="utf-8").splitlines()
            commands = " ".join(line for line in lines if not line.startswith("#")).split()
            drawn = [maths(f"\\{command}{arguments}") for command in commands for arguments in _ARGUMENTS]
            formulas = sum(not each.startswith("<code>") for each in drawn)
            wrong += [f"formula: {html.unescape(each)}" for each in hostile.run_cards(chromium, drawn, mathjax)]
    for each in wrong[:200]:
        print("WRONG", each[:600])
    print(
        f"{len(vectors)} vectors in {len(hostile.PLACES)} places and in names of files: {notes:,} notes, {fields:,} fields, "
        f"{cards:,} cards drawn on both sides, {formulas:,} formulas, {len(hostile.PLACES)} previews; {len(wrong)} wrong; "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

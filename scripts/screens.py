"""Draw the cards as Anki shows them, as PNG files to look at.

    pip install -e '.[anki]' && pip install --no-deps aqt      # Anki's renderer, style sheets and MathJax
    python scripts/screens.py OUT [NOTES]…

Builds the notes (without any: one note that has everything which is hard to lay out), imports the deck into a
throw-away collection of the real Anki, renders both sides of every card with Anki's own renderer, and lets Chromium
(Debian's package `chromium`) take the pictures: phone and desktop widths, light and night.
"""

from __future__ import annotations

import base64
import html
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from cards.pipeline.build import build
from cards.vault.config import load

PHONE, DESKTOP = 360, 1000
MODES = {"light": "card card1", "night": "card card1 nightMode night_mode"}

SAMPLE = """---
title: "The stretched note: what a card has to bear"
source: https://www.youtube.com/watch?v=LongThread7
---
## A heading that is long enough to wrap on the narrow screen of a phone, with a parent below it

- A parent bullet that says something before its children:
    - **Hands-on learning:** you find the gaps in what you understand when you **build the thing from scratch** (29:06 - 29:17), which forces you to confront them. Reading gives the feeling of it without the skill (30:00, 31:40), and copying gives neither (1:02:03). Sixty words later the answer still has to read calmly, on a phone, at night, in bed, without a line that is too long or a margin that is too thin.
- The essay says that a team has **a small number of innovation tokens that it should spend with care** on what it sells (2:10).
- **ثلاث خطوات:** اقرأ قبل أن تكتب:
    - اقرأ كتابا واحدا عن Python
    - اكتب كل يوم
    - راجع ما كتبت (4:40)
- **The loop:** nothing more than this.

  ```python
  for epoch in range(epochs):
      for batch in loader(training_set, batch_size=64, shuffle=True, number_of_workers=8, pin_memory=True):
          optimiser.step(gradient(model, batch))
  ```
- **The picture:** what the lecture drew on the board. ![[descent.svg]]

  $$L(w) = \\frac{1}{n}\\sum_{i=1}^{n} \\left(y_i - \\hat{y}(x_i; w)\\right)^2 + \\lambda \\lVert w \\rVert_2^2 + \\mu \\lVert w \\rVert_1 + \\sum_{j} \\operatorname{relu}(w_j)$$
- **第一性原理：** 把问题拆到**不能再拆的事实**为止，再从那里往上搭。
- **Why does a blank stand out?** Because it is **weighty, tinted and underlined**, and colour alone would not do.
- **Three surfaces:**
    - the manager
    - the editor
    - the browser (0:51)
"""


def main(arguments: list[str]) -> None:
    out = Path(arguments[0])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        notes = [Path(one) for one in arguments[1:]] or [_sample(work / "notes")]
        report = build(load(tuple(notes), work / "decks", None, None))
        number = 0
        for deck in report.decks:
            for question, answer in _rendered(deck.path, work):
                number += 1
                for side, body in (("front", question), ("back", answer)):
                    for mode, classes in MODES.items():
                        for width in (PHONE, DESKTOP):
                            name = f"{number:02}-{side}-{mode}-{width}.png"
                            _shoot(_page(body, classes, width, work), out / name, width, work)
        print(f"{number} cards in {out}")


def _sample(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Stretched.md").write_text(SAMPLE, encoding="utf-8")
    shutil.copy(Path(__file__).parent.parent / "examples/Lectures/figures/descent.svg", folder)
    return folder


def _rendered(package: Path, work: Path) -> list[tuple[str, str]]:
    from anki.collection import Collection
    from anki.import_export_pb2 import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    folder = work / package.stem
    folder.mkdir()
    collection = Collection(str(folder / "collection.anki2"))
    try:
        collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=ImportAnkiPackageOptions()))
        media = Path(collection.media.dir())
        found = []
        for identity in collection.db.list("select id from cards order by due, ord"):  # type: ignore[union-attr]
            sides = collection.get_card(identity).render_output()
            style = f"<style>{sides.css}</style>"
            found.append(tuple(style + _inlined(side, media) for side in (sides.question_text, sides.answer_text)))
        return found  # type: ignore[return-value]
    finally:
        collection.close()


def _inlined(side: str, media: Path) -> str:
    def inline(match: re.Match[str]) -> str:
        path = media / html.unescape(match[1])
        kind = "svg+xml" if path.suffix == ".svg" else path.suffix.lstrip(".")
        return f'src="data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"'

    side = re.sub(r'src="([^":]+)"', inline, side)
    return re.sub(r"\[anki:play:[^\]]+\]", '<a class="replay-button" href="#">▶</a>', side)


def _page(body: str, classes: str, width: int, work: Path) -> Path:
    mobile = " mobile" if width == PHONE else ""
    night = "night-mode" if "night" in classes else ""
    scripts = style = ""
    found = find_spec("_aqt")
    if found and found.submodule_search_locations:
        web = Path(found.submodule_search_locations[0]) / "data/web"
        style = (web / "css/reviewer.css").read_text(encoding="utf-8")
        if r"\(" in body or r"\[" in body:
            folder = f"file://{web}/js/vendor/mathjax"
            start = f'MathJax.startup.typeset = true; MathJax.loader.paths.mathjax = "{folder}"'
            scripts = (
                f'<script src="file://{web}/js/mathjax.js"></script><script>{start}</script>'
                f'<script src="{folder}/tex-chtml-full.js"></script>'
            )
    page = work / "card.html"
    page.write_text(
        f'<!doctype html><html class="{night}{mobile}"><meta charset="utf-8"><style>{style}</style>{scripts}'
        f'<body class="{classes}{mobile}"><div id="qa">{body}</div></body></html>',
        encoding="utf-8",
    )
    return page


def _shoot(page: Path, picture: Path, width: int, work: Path) -> None:
    flags = "--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking"
    subprocess.run(
        [
            shutil.which("chromium") or "chromium",
            *flags.split(),
            "--disable-component-update",
            "--disable-sync",
            "--allow-file-access-from-files",
            "--virtual-time-budget=4000",
            f"--user-data-dir={work / 'profile'}",
            f"--window-size={width},760",
            f"--screenshot={picture}",
            f"file://{page}",
        ],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])

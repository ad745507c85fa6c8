"""Take the pictures of `docs/exports.md`: the first example of some exports, beside its cards, as `cards preview` shows it.

python scripts/pictures.py                # into docs/; needs Chromium (Debian's package `chromium`)
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
PICTURED = ("Snipd", "Readwise", "Logseq")
WIDTH = 1100  # pixels


def main() -> None:
    text = (DOCS / "exports.md").read_text(encoding="utf-8")
    for name in PICTURED:
        section = text.partition(f"\n## {name}\n")[2]
        example = re.search(r"```markdown\n(.*?)^```\n\n```text\n(.*?)\.md:", section, re.S | re.M)
        if example is None:
            sys.exit(f"docs/exports.md: {name} has no example")
        with tempfile.TemporaryDirectory() as folder:
            note = Path(folder, "Notes", f"{example[2]}.md")
            note.parent.mkdir()
            note.write_text(example[1], encoding="utf-8")
            page, picture = Path(folder, "page.html"), DOCS / f"{name.lower()}.png"
            subprocess.run(
                [sys.executable, "-m", "cards", "preview", note, "-o", page, "--no-open"], check=True, stdout=subprocess.DEVNULL
            )
            height = 250 + 22 * max(example[1].count("\n"), 14)
            subprocess.run(
                [
                    *("chromium", "--headless=new", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=3000"),
                    *(f"--window-size={WIDTH},{height}", f"--screenshot={picture}", page.as_uri()),
                ],
                check=True,
                capture_output=True,
            )
            print(picture)


if __name__ == "__main__":
    main()

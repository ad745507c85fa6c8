"""What the speed of Cards is measured against: processes that do only what nobody can do without.

python benchmarks/yardstick.py parse FOLDER    read each note, its frontmatter and its Markdown, and throw it away
python benchmarks/yardstick.py scan FOLDER     list the tree and stat each file
python benchmarks/yardstick.py hash FOLDER     read and hash every byte
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator


def files(folder: str) -> Iterator[os.DirEntry[str]]:
    """Every file below a folder."""
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from files(entry.path)
            else:
                yield entry


def parse(folder: str) -> None:
    """Frontmatter and CommonMark of every note, by the libraries that Cards builds on."""
    import frontmatter
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark")
    for entry in files(folder):
        with open(entry.path, encoding="utf-8") as file:
            _, text = frontmatter.parse(file.read())
        markdown.parse(text)


def scan(folder: str) -> None:
    """The size and time of every file."""
    for entry in files(folder):
        entry.stat()


def hash_(folder: str) -> None:
    """The SHA-256 of every file."""
    from hashlib import sha256

    for entry in files(folder):
        with open(entry.path, "rb") as file:
            sha256(file.read()).digest()


if __name__ == "__main__":
    # imports stand in the functions, and no parser of arguments at all: what is not needed would flatter Cards
    match sys.argv[1:]:
        case ["parse", folder]:
            parse(folder)
        case ["scan", folder]:
            scan(folder)
        case ["hash", folder]:
            hash_(folder)
        case _:
            sys.exit(__doc__)

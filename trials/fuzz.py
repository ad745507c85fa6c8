"""Coverage-guided fuzzing of what reads notes, against the laws of `tests/laws.py`.

    pip install -e '.[dev,fuzz]'
    python trials/fuzz.py TARGET [--runs N] [--seconds S] [--seeds NOTES…] [--found DIR]

TARGET is `note` (parser, generator, render, identity), `prose` (one line and its deletions), `times` (stamps and links at
a second) or `head` (frontmatter). It starts from the paragraphs of NOTES (the examples, where none are given) and what
earlier runs kept in DIR, and stops at the first input that breaks a law, crashes, or takes ten seconds; that input is
left in DIR, to become a case of `tests/test_laws.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import atheris

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
with atheris.instrument_imports(include=["cards"]):
    from cards.anki import render
    from cards.model import Deletion, Prose, Timestamp
    from cards.model.prose import plain, unstamped
    from cards.parser import frontmatter
    from cards.parser.markdown import inline
    from cards.timestamps import providers, times
    from tests import laws

MARKS = """
** == __ ~~ ` $ $$ {{c1:: {{c12:: }} :: [ ]( ![[ [[ ]] | # ^id %% no-card <!-- --> <br> <b> &amp; \\\\ \\( --- Q: A: ? - * 1. >
```
(1:20) [1:20-1:25] 1:02:03 (1:20, 2:30) 9:00-17:00 https://youtu.be/abcdefghijk : source: title: cards: tags: deck:
Takeaways TODO ：。、「」é 日本 \u202e
"""
PACKAGES = 500  # of so many notes one is packaged, twice


def note(text: str) -> None:
    laws.check(text, _anki_ordinals, package=crc32(text.encode("utf-8", "replace")) % PACKAGES == 0)


def prose(text: str) -> None:
    """A line read, its stamps found, and any stretch of it deleted."""
    read = times.stamp(inline(text.replace("\n", " "), {}).prose)
    bare, taken = unstamped(read)
    shown = plain(bare)
    assert all(0 <= at <= len(shown) for at, _ in taken)
    a, b = sorted((len(text) * 7 % (len(shown) + 1), len(text) * 13 % (len(shown) + 1)))
    deletions = [Deletion(1, a, b, shown[a:b])] if a < b else []
    field = render.prose(bare, {}, deletions)
    assert laws.clozes(field) == [each.ordinal for each in deletions], field
    laws.holds_only_what_we_make([field, render.prose(read, {})])
    if not any(run.text == run.link for run in bare):  # a bare URL is shown without its tracking, half of one is not
        assert laws.letters(laws.drawn(field)) == laws.letters(laws.said(bare)), field


def stamps(text: str) -> None:
    """No stamp is found twice, none is lost on the way, and a link's second can be read from it again."""
    read: Prose = times.stamp(inline(text.replace("\n", " "), {}).prose)
    for stamp in (stamp for run in read for stamp in run.stamps):
        assert times.read(times.show(stamp)) == (Timestamp(stamp.start, stamp.end),)
    link = providers.at_second(text, Timestamp(83))
    again = providers.at_second(link, Timestamp(83))
    assert again == link, (text, link, again)
    assert (render.href(link) or "https://").lower().startswith(("https://", "http://", "mailto:", "obsidian://"))


def head(text: str) -> None:
    """Any frontmatter is read, keeps the lines of its body, and nothing of it acts."""
    whole = f"---\n{text}\n---\n- **Label:** text\n"
    found = frontmatter.split(whole)
    assert whole.split("\n")[found.first_line - 1 :] == found.body.split("\n"), found
    laws.check(whole)


TARGETS: dict[str, Callable[[str], None]] = {each.__name__: each for each in (note, prose, stamps, head)}
_anki_ordinals: laws.Ordinals | None = None


def main() -> None:
    given = _arguments()
    global _anki_ordinals
    folder = Path(given.found) / given.target
    seeds, kept = folder / "seeds", folder / "kept"
    for each in (seeds, kept):
        each.mkdir(parents=True, exist_ok=True)
    for path in given.seeds:
        for paragraph in _paragraphs(Path(path)):
            (seeds / hashlib.sha256(paragraph).hexdigest()[:16]).write_bytes(paragraph)
    words = folder / "marks"
    words.write_text("".join(f'"{_escaped(mark)}"\n' for mark in MARKS.split()), encoding="ascii")
    target = TARGETS[given.target]

    def run(data: bytes) -> None:
        target(data.decode("utf-8", "replace"))

    options = [f"-max_total_time={given.seconds}", f"-runs={given.runs}", f"-dict={words}", f"-artifact_prefix={folder}/"]
    options += [f"-max_len={given.longest}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1"]
    with tempfile.TemporaryDirectory() as scratch:
        if given.target == "note":
            _anki_ordinals = laws.anki_ordinals(Path(scratch))
        atheris.Setup([sys.argv[0], *options, str(kept), str(seeds)], run)
        atheris.Fuzz()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seeds", nargs="+", default=[ROOT / "examples", ROOT / "tests" / "fixtures"])
    parser.add_argument("--found", default=ROOT / "build" / "fuzz")
    parser.add_argument("--longest", type=int, default=160, help="bytes of an input")
    return parser.parse_args()


def _paragraphs(path: Path) -> list[bytes]:
    found = path.rglob("*.md") if path.is_dir() else [path]
    return [each for one in sorted(found) for each in one.read_bytes().split(b"\n\n") if each.strip()]


def _escaped(mark: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in mark.encode())


if __name__ == "__main__":
    main()

"""Notes beyond measure: linear time and bounded memory, whatever they hold."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cards.generator import generate
from cards.parser import parse

HEAD = "---\nsource: https://youtu.be/abcdefghijk\n---\n"
SHAPES = {
    "bold": ("- **Label:** {}\n", "a **b** c ", 10_000),
    "plain words": ("- **Label:** {}\n", "word and more ", 30_000),
    "no spaces": ("- **Label:** {}\n", "x", 300_000),
    "brackets": ("- **Label:** {}\n", "[", 100_000),
    "closed brackets": ("- **Label:** {}]\n", "[", 8_000),
    "wikilinks": ("- **Label:** {}\n", "[[", 50_000),
    "times in parentheses": ("- **Label:** {}\n", "(1:00 ", 20_000),
    "stamps": ("- **Label:** {}.\n", "so (1:21) ", 3_000),
    "asterisks": ("- **Label:** {}\n", "*a", 20_000),
    "code": ("- **Label:** {}\n", "`a", 30_000),
    "highlights": ("- **Label:** {}\n", "==a ", 30_000),
    "maths": ("- **Label:** {}\n", "$a ", 30_000),
    "comments": ("- **Label:** {}\n", "%% a ", 30_000),
    "typed": ("- {}\n", "{{c1::a}} b ", 5_000),
    "typed with hints": ("- {}\n", "{{c1::a::h}} b ", 5_000),
    "tags": ("{}\n", "<b ", 30_000),
    "sentences": ("{}\n", "It is **a phrase** of the sentence here. ", 3_000),
    "links": ("- **Label:** {}\n", "[a](b) ", 8_000),
    "urls": ("- **Label:** {}\n", "https://a.example/x ", 10_000),
    "headings": ("{}", "## H\n- **L:** t\n", 2_000),
    "equal labels": ("{}", "- **Same:** text\n", 3_000),
    "questions": ("{}", "Q: is it so?\nA: yes\n", 3_000),
    "rows": ("|a|b|\n|-|-|\n{}", "|**x**|y|\n", 8_000),
    "properties": ("{}", "a:: b\n", 30_000),
}


def _seconds(text: str) -> float:
    best = 1e9
    for _ in range(2):
        began = time.process_time()
        generate(parse(text, "a.md"))
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_as_much_takes_about_twice_as_long(shape: str) -> None:
    around, piece, times = SHAPES[shape]
    half, whole = (_seconds(HEAD + around.replace("{}", piece * number)) for number in (times // 2, times))
    assert whole < 3.2 * half + 0.3
    assert whole < 30


PROSE = "The sea is wide, and the tide is higher than most of us think. " * 8
NOTES = {
    "5 MB": lambda: "\n\n".join(f"{PROSE}It is **the {n} wave** that counts here." for n in range(9_000)),
    "20,000 bullets": lambda: "".join(f"- **Label {n}:** a text with **the phrase {n} in it** here\n" for n in range(20_000)),
    "200 deep": lambda: "".join("  " * n + f"- **Label {n}:** text of {n}\n" for n in range(200)),
    "a line of 1 MB": lambda: "- **Label:** " + "word and **more of it** again, " * 33_000,
    "10,000 stamps": lambda: "- **Label:** " + " ".join(f"so ({n // 60}:{n % 60:02})" for n in range(10_000)) + ".\n",
}
_BUILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))
from cards.cli import main
main()
"""


@pytest.mark.parametrize("name", NOTES)
def test_a_note_beyond_measure_is_built_in_bounded_time_and_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(HEAD + NOTES[name](), encoding="utf-8")
    command = [sys.executable, "-c", _BUILD, "build", str(tmp_path), "-o", str(tmp_path / "decks")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 180

"""Notes beyond measure: linear time and bounded memory, whatever they hold."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cards.generator import generate
from cards.parser import parse
from tests.vaults import bounds, run, write

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
    "places": ("- **Label:** {}\n", "([p. 1](zotero://a)) ", 2_000),
    "marks": ("- **Label:** {}\n", "(page 1) [a](b) ", 3_000),
    "tags of a note": ("{}\n", "#a ", 20_000),
    "urls": ("- **Label:** {}\n", "https://a.example/x ", 10_000),
    "headings": ("{}", "## H\n- **L:** t\n", 2_000),
    "equal labels": ("{}", "- **Same:** text\n", 3_000),
    "questions": ("{}", "Q: is it so?\nA: yes\n", 3_000),
    "rows": ("|a|b|\n|-|-|\n{}", "|**x**|y|\n", 8_000),
    "properties": ("{}", "a:: b\n", 30_000),
}


def _seconds(text: str) -> float:
    began = time.process_time()
    generate(parse(text, "a.md"))
    return time.process_time() - began


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_as_much_takes_about_twice_as_long(shape: str) -> None:
    around, piece, times = SHAPES[shape]
    texts = [HEAD + around.replace("{}", piece * number) for number in (times // 2, times)]
    for _ in range(3):  # a busy machine may disturb one run, not all
        half, whole = map(_seconds, texts)
        if whole < 3.2 * half + 0.3:
            break
    assert whole < 3.2 * half + 0.3
    assert whole < 30


PROSE = "The sea is wide, and the tide is higher than most of us think. " * 8
BULLET = "- **Label {n}:** a text with **the phrase {n} in it** here. More of it follows.\n"
# at full size, as with `--full`: 5 MB, 20,000 bullets, a line of 1 MB, 10,000 stamps; how many cards each gives
NOTES: dict[str, tuple[Callable[[int], str], int, Callable[[int], int]]] = {
    "prose": (lambda n: "\n\n".join(f"{PROSE}It is **the {m} wave** that counts here." for m in range(n)), 9_000, int),
    "bullets": (lambda n: "".join(BULLET.format(n=m) for m in range(n)), 20_000, lambda n: 2 * n),
    "steps": (lambda n: "".join("  " * m + f"- **Label {m}:** text of {m}\n" for m in range(n)), 200, lambda _: 99),
    "a line": (lambda n: "- **Label:** " + "word and **more of it** again, " * n, 33_000, lambda _: 1),
    "stamps": (
        lambda n: f"- **L:** **the bell** {' '.join(f'so ({m // 60}:{m % 60:02})' for m in range(n))}.\n",
        10_000,
        lambda _: 1,
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_beyond_measure_is_built_in_bounded_time_and_memory(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    make, number, cards = NOTES[name]
    share = 1 if request.config.getoption("--full") or name == "steps" else 5
    write(tmp_path, {"a.md": HEAD + make(number // share)})
    with bounds(180 // share, 2 * 1024**3 // share):
        ran = run("build", tmp_path, "-o", tmp_path / "decks", "--json")
    assert ran.exit_code == 0, ran.stderr[-2000:]
    assert json.loads(ran.stdout)["cards"] == cards(number // share)

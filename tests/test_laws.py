"""The laws hold for notes that Hypothesis writes, and for those by which the fuzzer once broke them."""

# The same notes every time: new ones are the fuzzer's, `trials/fuzz.py`.

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.anki import render
from cards.model import Run
from cards.parser.markdown import inline
from cards.timestamps.times import clock, show
from tests import laws
from tests.reading import drafts_of, note_of
from tests.strategies import NOTE

BROKE = [
    "- [1:20:00</a>]() and more **of it here** today",
    "- [a <a href='https://b.example'>b](https://c.example) c</a> **d e** f g",
    "## Takeaways\n- a::]]\n- b\n",
    # the same words in a parent and in what is below it, whose cards come first
    "- **Doors:** are\n    1- **Walls:** there are four of them.\n    \n   two.\n    1- **Walls:** there are four of them.\n",
    "---\nsource: https://youtu.be/abcdefghijk\n---\n- [[`1:10`$$]x[`1:20`/$$] (.3[1`1:10`].T](https://youtu.be/a) **a** b c\n",
    "---\nsource: https://youtu.be/abcdefghijk\n---\n- the tide **(1:21 - 1:25)**",  # vanished without a word
    "- a\n- b 2<br>c) :: what is asked for\n- d\n- e\n",
    # the same sentence thrice on one line, told apart by stamps alone
    "---\nsource: https://youtu.be/abcdefghijk\n---\n- "
    + " ".join(f"**the long tide** turns at noon ({n}:20)." for n in range(1, 4)),
    # a former reading of the same words, on another line, took the card of today's
    "Intro\nQ: How deep is it$$?\nA: A$\n>>>\nqa 1 $ $\n",
    # of two phrases with the same words one is refused: it took the number of the other
    "w **four**wwwww **four**o",
    # the same block id twice: what the rules refuse took the card of what they make
    "- **d:** o\n**-\nd:**`\n- *Second:* a point of\x00^tain\n**d:**\n- *Second:* a point of\x00^tain\n**d:**",
]


@pytest.fixture(scope="module")
def ordinals_by_anki(tmp_path_factory: pytest.TempPathFactory) -> laws.Ordinals:
    pytest.importorskip("anki")
    return laws.anki_ordinals(tmp_path_factory.mktemp("anki"))


@pytest.mark.parametrize("text", BROKE)
def test_a_note_that_broke_a_law_breaks_none_now(text: str, ordinals_by_anki: laws.Ordinals) -> None:
    laws.check(text, ordinals_by_anki, package=True)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(NOTE)
def test_the_laws_hold(ordinals_by_anki: laws.Ordinals, note: str) -> None:
    laws.check(note, ordinals_by_anki)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(NOTE)
def test_a_deck_is_made_twice_alike(note: str) -> None:
    laws.check(note, package=True)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_the_laws_hold_for_any_text(text: str) -> None:
    laws.check(f"- **{text}:** {text}\n\n{text} **{text}** {text}\n")


WORDS = st.sampled_from("sea harbour pilot lantern anchor fathom current signal keel".split())
SENTENCE = st.lists(WORDS, min_size=5, max_size=9).map(" ".join)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(SENTENCE, WORDS, st.integers(60, 35_999), st.booleans()), min_size=1, max_size=8))
def test_every_stamp_that_is_written_is_found_once(planted: list[tuple[str, str, int, bool]]) -> None:
    """In the takeaway it was written in, as the very second, and never in a question."""
    lines = []
    for words, phrase, second, in_brackets in planted:
        stamp = clock(second)
        lines.append(f"- {words} **the {phrase} of it** {f'[{stamp}]' if in_brackets else f'({stamp})'}.")
    text = "---\nsource: https://youtu.be/abcdefghijk\n---\n" + "\n".join(lines)
    found = [(each.line, [stamp.start for stamp in each.stamps]) for each in note_of(text).takeaways]
    assert found == [(n, [second]) for n, (_, _, second, _) in enumerate(planted, start=4)]
    for draft in drafts_of(text):
        fields = render.fields(draft, "guid", "", {})
        assert all(show(stamp) in fields[3] for stamp in draft.place.stamps)
        assert ":" not in fields[0].replace("{{c1::", "")


@pytest.mark.parametrize("tag", ["latex]", "/latex]", "$]", "/$]", "$$]", "sound:a.mp3]", "anki:play:q:0]"])
@pytest.mark.parametrize("source", ["$x [{} y$", "$$x [{} y$$", "$${} y$$", "$[{} y$"])
def test_no_formula_makes_a_tag_of_anki(source: str, tag: str) -> None:
    field = render.prose(inline(f"a {source.format(tag)} b", {}).prose, {})
    assert not laws.ACTS_IN_ANKI.search(field)


def test_a_law_can_be_broken() -> None:
    with pytest.raises(AssertionError):
        laws.holds_only_what_we_make(["<img src=x>"])
    with pytest.raises(AssertionError):
        laws.clozes("{{c1::a")


@pytest.mark.parametrize(("before", "after"), [("[", "$$]"), ("[", "sound:a.mp3]"), ("\\", "("), ("{", "{c1::x}}"), (":", ":")])
def test_runs_that_meet_make_no_tag(before: str, after: str) -> None:
    """As where a stamp between them was taken out."""
    assert before + after not in render.prose((Run(before), Run(after)), {})


def test_a_gap_makes_no_tag_of_what_it_takes_the_bold_from() -> None:
    (cloze,) = drafts_of("It is **the phrase [so**und:x.mp3]** that counts** in this sentence, and in more.")
    assert not laws.ACTS_IN_ANKI.search(render.fields(cloze, "guid", "", {})[0])

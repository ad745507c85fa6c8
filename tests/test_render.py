from __future__ import annotations

import re

import pytest

from cards.anki import render
from cards.anki.render import maths
from cards.model import Deletion, Mark, Qa, paragraphs
from cards.model.prose import plain
from cards.parser.markdown import inline
from tests.laws import clozes
from tests.reading import drafts_of

_COMMENT = "<!-- -->"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a **b *c*** d", "a <b>b <i>c</i></b> d"),
        ("==**a** b==", "<mark><b>a</b> b</mark>"),
        ("`a<b>`", "<code>a&lt;b&gt;</code>"),
        ("$a<b$ and $$x^{2^{3}}$$", r"\(a&lt;b\) and \[x^{2^{3} }\]"),
        ("[a](https://example.org/?b=1&c=2)", '<a href="https://example.org/?b=1&amp;c=2">a</a>'),
        ("see https://example.org/a_(b).", 'see <a href="https://example.org/a_(b)">https://example.org/a_(b)</a>.'),
        ("[a](javascript:alert(1))", "a"),
        ("[a]( JaVa\tScript:alert(1))", "[a]( JaVa\tScript:alert(1))"),
        ("<javascript:alert(1)>", "javascript:alert(1)"),
        ("[a](data:text/html,x)", "a"),
        ("[a](file:///etc/passwd)", "a"),
        ("<b onclick=x>a</b><br>b", "a<br>b"),
        ("<script>a</script>", "&lt;script&gt;a&lt;/script&gt;"),
        ("std::vector }} {{x}}", f"std:{_COMMENT}:vector }}{_COMMENT}}} {{{_COMMENT}{{x}}{_COMMENT}}}"),
        ("[sound:x.mp3] [latex]y[/latex] [$]z[/$]", None),
        (r"\\(\\href{x}{y}\\) `\(`", f"\\\u2060(\\href{{x}}{{y}}\\\u2060) <code>\\{_COMMENT}(</code>"),
        ("[[page#part|alias]] [[page#part]]", "alias page › part"),
        ("![[gone.png]]", "<i>gone.png</i>"),
        ("![](https://example.org/a.png)", '<a href="https://example.org/a.png">a.png</a>'),
    ],
)
def test_prose(source: str, expected: str | None) -> None:
    given = render.prose(inline(source, {}).prose, {})
    if expected is None:
        assert not re.search(r"\[(sound:|/?latex|/?\$)", given)
    else:
        assert given == expected


@pytest.mark.parametrize("inner", ["x}", "x::y", "::x", "}}", "{{c1::x", "$x^{2}$", "`a}`", "x:", "{", "$\\left\\{$"])
def test_a_deletion_holds_whatever_the_phrase_holds(inner: str) -> None:
    prose = inline(f"a **{inner}** b", {}).prose
    text = plain(prose)
    field = render.prose(prose, {}, [Deletion(1, 2, len(text) - 2, inner)])
    assert clozes(field) == [1]
    body = field[field.index("::") + 2 : field.rindex("}}")]
    assert "::" not in body
    assert "}}" not in body


def test_a_deletion_may_nest_and_have_a_hint() -> None:
    prose = inline("the deep blue sea", {}).prose
    field = render.prose(prose, {}, [Deletion(1, 4, 17, "deep blue sea", "what"), Deletion(2, 9, 13, "blue")])
    assert field == "the {{c1::deep {{c2::blue}} sea::what}}"


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(https://a.example/t.png)}{y}",
        *(r"\class{a}{x}", r"\cssId{a}{x}", r"\require{html}", r"\data{a=b}{x}"),
        r"\bbox[background:url(https://a.example)]{x}",
        r"\mmlToken{mi}[href='javascript:alert(1)']{x}",
        r"\unicode[font-family:x]{65}",
        r"\def\a{\hre}\a f",
        r"\let\a=\href \a{x}{y}",
        r"\csname href\endcsname{x}{y}",
        r"\newcommand{\a}{x}",
        r"x^2 + \href {javascript:alert(1)} {x}",
        r"\fcolorbox{red;background:url(https://a.example)}{white}{x}",
        r"\DeclarePairedDelimiters{\frac}{x}{y}",
        *(r"\hrefx", "{{c1::", "}}", r"x}{", r"\left\{ {"),
    ],
)
def test_a_formula_that_could_act_is_shown_as_it_is_written(tex: str) -> None:
    shown = maths(tex)
    assert shown.startswith("<code>")
    assert r"\(" not in shown


@pytest.mark.parametrize("tex", [r"\frac{1}{2}", r"\left( x \right)", r"\leq", r"\text{href}", r"a\\b \, \{"])
def test_other_formulas_are_mathjax(tex: str) -> None:
    assert maths(tex).startswith(r"\(")


@pytest.mark.parametrize("tag", ["sound:x.mp3", "latex", "LaTeX", "/latex", "$", "$$", "/$", "anki:play:q:0"])
def test_no_tag_of_anki_stands_in_a_formula(tag: str) -> None:
    assert f"[{tag}" not in maths(rf"\sqrt[{tag}]{{x}}")
    assert "<!--" not in maths(rf"\sqrt[{tag}]{{x}}")


def test_a_first_sentence_that_says_nothing_alone_is_no_gist() -> None:
    rest = "The watch pulls the rope once for each boat that has not come in by dusk. " + "He waits for the horn then. " * 8
    (draft,) = drafts_of(f"- **Ringing the bell:** It is easy. {rest}")
    assert isinstance(draft, Qa)
    (paragraph,) = paragraphs(draft.back)
    bright = "".join(run.text for run in paragraph.prose if Mark.GIST in run.marks)
    assert bright.rstrip() == "It is easy. The watch pulls the rope once for each boat that has not come in by dusk."


def test_the_sentence_before_is_drawn_without_its_bold() -> None:
    (_, draft) = drafts_of("The **wind** moves the bar in a gale. This is called **drift** by the pilots.")
    shown = render.fields(draft, "g", "", {}).front
    assert shown == '<span class="before">The wind moves the bar in a gale.</span> This is called {{c1::drift}} by the pilots.'

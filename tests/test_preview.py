"""The page of `cards preview`, in the real Chromium."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cards.cli import main
from cards.pipeline.build import look
from cards.preview import mathml
from cards.preview import page as pages
from cards.preview.server import Page, serving
from cards.vault import cache
from cards.vault.config import load
from tests.browser import Error, browser
from tests.vaults import rows, run, write

NOTE = """---
title: The tides
source: https://youtu.be/abcdefghijk
deck: Sea
---
## Takeaways

- **Spring tides:** they come at **full and new moon** and are higher (1:21 - 1:25). The sun helps.
- Of the two, **the neap tide** is weaker, as $a < b$ and ==half moons== say.
- a plain one
- **Drawn:** the board ![[board.svg]] and $\\frac{1}{n}$.

Seas carry **the salt of it all** to coasts.
"""
HOSTILE = """# <script>window.hit=1</script>

- **Label <img src=x onerror="window.hit=2">:** text <script>window.hit=3</script> **and a phrase** more of it
- **A [link](javascript:window.hit=4):** <svg onload="window.hit=5"> **so it goes** here and there
- **Maths:** $\\href{javascript:window.hit=6}{x}$ and $\\text{<img src=x onerror=window.hit=7>}$ **come along** with it
- **Style:** <style>body{display:none}</style> </script><script>window.hit=8</script> **is not ended** by that
- **Frame:** <iframe src="https://example.com"></iframe> ![](https://example.com/x.png) **is not fetched** by that
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40"/></svg>'

_PIECES = (
    r"\frac \sqrt \operatorname{ \text{ \textbf{ \textsc{ \mbox{ \substack{ \left( \right) \hat \sum \color{red} \boxed \& "
    r"\begin{align} \end{align} \begin{array}{c|c} \end{array} \label{k} \tag{ \eqref{k} \\ \hline \exp \not \cancel"
).split()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as opened:
        yield opened


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Tides.md").write_text(NOTE, encoding="utf-8")
    (folder / "board.svg").write_text(SVG, encoding="utf-8")
    return folder


@pytest.fixture
def opened(chromium: Any, vault: Path) -> Iterator[Any]:
    """The page of the vault, opened from the disk."""
    yield from _opened(chromium, vault)


def _opened(chromium: Any, vault: Path) -> Iterator[Any]:
    file = vault.parent / "page.html"
    ran = CliRunner().invoke(main, ["preview", str(vault), "-o", str(file), "--decks", str(vault.parent / "decks")])
    assert ran.exit_code == 0, ran.output
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    page.requests, page.errors = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("article")
    yield page
    assert page.errors == []
    page.close()


def words(page: Any, index: int) -> str:
    """What stands on a card, as it is seen."""
    sides = f"[...document.querySelectorAll(\"article[data-index='{index}'] .side\")]"
    return str(page.evaluate(f"{sides}.map(s => s.shadowRoot.textContent).join('|')"))


def of_sides(page: Any, selector: str, give: str) -> Any:
    """What `give` says of each element `e` of the cards that fits."""
    inside = f"[...s.shadowRoot.querySelectorAll({selector!r})].map(e => {give})"
    return page.evaluate(f"[...document.querySelectorAll('.side')].flatMap(s => {inside})")


def until(page: Any, condition: str) -> None:
    """Wait for a condition. The page's policy forbids what Playwright's own waiting does."""
    for _ in range(100):
        with suppress(Error):  # a page that is just being loaded again
            if page.evaluate(condition):
                return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def seen(text: str) -> str:
    return " ".join(text.split())


def test_a_card_turns(opened: Any) -> None:
    assert "Spring tides" in words(opened, 0)
    assert "full and new moon" not in words(opened, 0)
    opened.keyboard.press("j")
    opened.keyboard.press("Space")
    assert "full and new moon" in words(opened, 0)
    opened.keyboard.press("Space")
    assert "full and new moon" not in words(opened, 0)
    opened.click("article[data-index='0'] button")
    assert "full and new moon" in words(opened, 0)
    opened.keyboard.press("b")
    assert opened.locator("article[data-index='0'] .side").count() == 2


def test_clozes_hide_one_phrase_at_a_time(opened: Any) -> None:
    cards = {seen(words(opened, i)) for i in range(opened.locator("article").count())}
    assert any("Of the two, [...] is weaker, as" in card and "half moons" in card for card in cards)
    assert any("Of the two, the neap tide is weaker" in card and card.count("[...]") == 1 for card in cards)


def test_keys_go_on_and_back(opened: Any) -> None:
    for key, index in (("j", "0"), ("j", "1"), ("j", "2"), ("k", "1"), ("k", "0"), ("k", "0")):
        opened.keyboard.press(key)
        assert opened.evaluate("document.activeElement.dataset.index") == index
    assert opened.locator(".text .here").get_attribute("data-line") == "8"
    opened.keyboard.press("/")
    opened.keyboard.type("jjk salt")
    assert opened.evaluate("document.activeElement.value") == "jjk salt"


def test_filters(opened: Any) -> None:
    every = opened.locator("article").count()
    opened.fill("#search", "SALT coasts")
    until(opened, "document.querySelectorAll('article').length === 1")
    opened.fill("#search", "nowhere")
    opened.wait_for_selector(".none")
    opened.fill("#search", "")
    until(opened, f"document.querySelectorAll('article').length === {every}")
    opened.select_option("#kind", "qa")
    until(opened, "document.querySelectorAll('article').length === 2")
    opened.select_option("#kind", "")
    opened.select_option("#finding", "C001")
    until(opened, "document.querySelectorAll('article').length === 1")
    assert "the gap c1 takes 5 of the 9 words" in opened.locator("article .finding").inner_text()


def test_the_note_is_marked_and_what_gave_no_card_says_why(opened: Any) -> None:
    marked = opened.evaluate("[...document.querySelectorAll('.text .taken')].map(each => Number(each.dataset.line))")
    assert marked == [8, 9, 11, 13]
    assert "plain: no label, no key phrase" in opened.locator(".text [data-line='10']").inner_text()
    assert opened.locator(".text [data-line='3'] .words").inner_text() == "source: https://youtu.be/abcdefghijk"
    opened.click(".text [data-line='13']")
    assert "line 13" in opened.evaluate("document.activeElement.getAttribute('aria-label')")


def test_night_and_phone(opened: Any) -> None:
    def colours() -> Any:
        return opened.evaluate(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('.side').shadowRoot.querySelector('.card')).color]"
        )

    day = colours()
    opened.keyboard.press("n")
    night = colours()
    assert day[0] != night[0]
    assert (day[1], night[1]) == ("rgb(27, 28, 30)", "rgb(236, 236, 234)")  # of the style that goes to Anki
    assert opened.get_attribute("#night", "aria-pressed") == "true"
    opened.click("#phone")
    assert opened.locator("article").first.bounding_box()["width"] == 390


def test_stamps_pictures_and_formulas_are_live(opened: Any) -> None:
    opened.keyboard.press("b")
    links = of_sides(opened, "a", "[e.href, e.target, e.rel]")
    assert ["https://youtu.be/abcdefghijk?t=81s", "_blank", "noopener noreferrer"] in links
    pictures = of_sides(opened, "img", "[e.src.slice(0, 18), e.naturalWidth]")
    assert ["data:image/svg+xml", 80] in pictures
    formulas = of_sides(opened, "math", "e.textContent")
    assert "a<b" in formulas
    assert "1n" in formulas


def test_no_script_of_a_note_runs_and_no_request_leaves(chromium: Any, vault: Path) -> None:
    (vault / "Hostile <b>.md").write_text(HOSTILE, encoding="utf-8")
    for page in _opened(chromium, vault):
        page.keyboard.press("b")
        page.wait_for_timeout(200)
        assert page.locator("section").count() == 2
        assert page.evaluate("window.hit") is None
        assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
        assert len([url for url in page.requests if url.startswith("file:")]) == 1
        active = page.evaluate(
            "[...document.querySelectorAll('.side')].flatMap(s => [...s.shadowRoot.querySelectorAll('*')])"
            ".filter(e => /^(script|iframe|object|embed|style|link|form|input)$/i.test(e.tagName)"
            " || [...e.attributes].some(a => /^on/i.test(a.name) || /^\\s*javascript:/i.test(a.value))).map(e => e.outerHTML)"
        )
        assert active == []
        # even if one got in, the page's own policy stops it
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit=9\">')")
        page.wait_for_timeout(100)
        assert page.evaluate("window.hit") is None


def test_it_can_be_used_without_eyes_and_without_a_mouse(opened: Any) -> None:
    unnamed = opened.evaluate(
        "[...document.querySelectorAll('input, select, button, article, section, ol')]"
        ".filter(e => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim())).map(e => e.outerHTML)"
    )
    assert unnamed == []
    assert opened.get_attribute("#count", "aria-live") == "polite"
    order = []
    for _ in range(9):
        opened.keyboard.press("Tab")
        order.append(opened.evaluate("document.activeElement.id || document.activeElement.className"))
    assert order[:8] == ["search", "note", "kind", "deck", "finding", "both", "night", "phone"]
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def _luminance(colour: str) -> float:
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("night", [False, True])
def test_contrast_is_enough(opened: Any, night: bool) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    if night:
        opened.keyboard.press("n")
    shown = "h1, h2, label, input, select, button, kbd, .keys, .path, .number, .words, .reason, .found, .finding, footer span"
    pairs = opened.evaluate(
        """(shown) => {
          const clear = (colour) => /, 0\\)$/.test(colour);
          const back = (e) => {
            while (e && clear(getComputedStyle(e).backgroundColor)) e = e.parentElement;
            return e ? getComputedStyle(e).backgroundColor : "rgb(255, 255, 255)";
          };
          const all = [...document.querySelectorAll(shown)];
          return all.map(e => [e.tagName + "." + e.className, getComputedStyle(e).color, back(e)]);
        }""",
        shown,
    )
    poor = {}
    for name, ink, paper in pairs:
        one, other = sorted((_luminance(ink), _luminance(paper)), reverse=True)
        if (one + 0.05) / (other + 0.05) < 4.5:
            poor[name] = (ink, paper)
    assert len(pairs) > 50
    assert poor == {}


def test_all_count_the_same_cards(chromium: Any, tmp_path: Path) -> None:
    """A sentence with two gaps is one card to the page, to the list and to the terminal."""
    text = "- **Label:** text of it\n- The **keel** holds her upright while the **rudder** turns her about.\n"
    folder = write(tmp_path / "vault", {"n.md": text})
    listed = rows("list", folder, "-o", tmp_path / "decks")
    assert len(listed) == 2
    assert "wrote 1 deck with 2 cards" in run("build", folder, "-o", tmp_path / "decks").stdout
    for page in _opened(chromium, folder):
        assert page.inner_text("#count").startswith("2 of 2 cards")
        assert page.locator("article").count() == 3


def test_many_cards_stay_smooth(chromium: Any, tmp_path: Path) -> None:
    """A generous bound: what matters is that only what is near the window is drawn."""
    folder = tmp_path / "vault"
    folder.mkdir()
    for n in range(200):
        lines = "".join(
            f"- **Label {n} {i}:** the text of it has **a phrase {i} in it** and more. So it has.\n" for i in range(5)
        )
        (folder / f"Note {n:03}.md").write_text(lines, encoding="utf-8")
    for page in _opened(chromium, folder):
        assert page.inner_text("#count").startswith("2,000 of 2,000 cards")
        assert page.locator("article").count() < 200
        timed = "const began = performance.now(); for (let i = 0; i < 5; i++) show(); return (performance.now() - began) / 5"
        took = page.evaluate(f"() => {{ {timed} }}")
        assert took < 500
        page.keyboard.press("k")  # from nothing to the last
        assert page.evaluate("document.activeElement.dataset.index") == "1999"


def test_it_is_drawn_as_anki_draws_it(chromium: Any, vault: Path, tmp_path: Path) -> None:
    from cards.pipeline.build import build
    from tests.anki_run import collection, import_deck, shown, sides

    (vault / "Typed.md").write_text(
        "---\ndeck: Sea\n---\n- a {{c1::typed {{c2::nested}} one::hint}} and {{c2::second}} and `}} {{c1::x}}` here\n",
        encoding="utf-8",
    )
    report = build(load((vault,), tmp_path / "decks", None, None))
    with collection(tmp_path / "anki") as anki:
        import_deck(anki, report.decks[0].path)
        real = sorted((seen(shown(front)), seen(shown(back))) for _, front, back in sides(anki))
    for page in _opened(chromium, vault):
        page.keyboard.press("b")
        page.wait_for_timeout(100)
        mine = sorted(
            tuple(seen(side) for side in each.split("|"))
            for each in (words(page, i) for i in range(page.locator("article").count()))
        )
    maths = re.compile(r"\\\(.*?\\\)|a\s*<\s*b|1n")  # MathJax there, MathML here
    strip = [[re.sub(r"\W+", "", maths.sub("", side)) for side in pair] for pair in real]
    assert [[re.sub(r"\W+", "", maths.sub("", side)) for side in pair] for pair in mine] == strip


# ------------------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{color:red}{x}",
        r"\class{a}{x}",
        r"\text{<script>alert(1)</script>}",
        r"\text{&lt;img src=x onerror=alert(1)&gt;}",
        r"\unknown{<b onclick=x>}",
        r"\def\a{\a}\a",
        r"\gdef\a{x}\a",
        r"\operatorname{<}img src=x onerror=alert(1)>",
        r"\operatorname{\&}lt;",
        r"\operatorname{<script>}",
        r"\begin{align*}\label{a}b\tag*{<img src=x onerror=alert(1)>}\end{align*}",
        r"\begin{align*}\label{a}b\end{align*}\eqref{a}",
        r"\color{red\"onclick=x}{x}",
        r"\cancel{x}",
        r"\left(",
        "}" * 50,
        "{" * 2000,
        "{" * 2500 + "}" * 2500,
        "x^{" * 1000 + "}" * 1000,
        "(" * 5000,
        r"\not" * 1250,
        r"\frac" * 500,
        "x" * 10_000,
    ],
)
def test_a_formula_never_acts(tex: str) -> None:
    drawn = mathml.of_field(rf"\({tex.replace('<', '&lt;').replace('>', '&gt;')}\)")
    assert not re.search(r"<(?!/?(?:math|m[a-z]+|code)\b|!-- -->)", drawn), drawn
    assert not re.search(r"<[^>]*\b(?:href|src|id|on\w+)=|style=\"[^\"]*[(\\\\]", drawn), drawn


def test_formulas_become_mathml() -> None:
    assert mathml.of_field(r"so \(a &lt; b\) it is") == "so <math><mi>a</mi><mo>&lt;</mo><mi>b</mi></math> it is"
    assert 'display="block"' in mathml.of_field(r"\[\sum_{i=1}^{n} x_i\]")
    assert mathml.of_field(r"\(\left(\)") == r"<code>\left(</code>"
    assert mathml.of_field(r"\(\text{\{\{c1::a\}\}}\)") == ("<math><mtext>{<!-- -->{c1:<!-- -->:a}<!-- -->}</mtext></math>")


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{a+b}{c^2}", "a+bc2"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "(abcd)"),
        (r"\begin{smallmatrix} a \\ b \end{smallmatrix}", "ab"),
        (r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{else} \end{cases}", "{1if\xa0x>00else\u2063"),
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", "a=b=c"),
        (r"\begin{align} a &= b \\ &= c \end{align}", "a=b=c"),
        (r"\begin{split} a &= b \end{split}", "a=b"),
        (r"\begin{array}{c|c} a & b \\ \hline c & d \end{array}", "abcd"),
        (r"\sum_{\substack{0<i \\ i\neq j}} a", "∑0<ii≠ja"),
        (r"\hat{x} + \vec{v} + \widetilde{ab}", "xˆ+v\u20d7+ab~"),
        (r"\text{x > y}\mbox{R\&D}", "x\xa0>\xa0yR&D"),
        (r"\int_0^\infty e^{-x^2}\,dx", "∫0∞e−x2dx"),
        (r"\mathbb{R} \operatorname*{arg\,max}_x \lim_{x \to 0}", "ℝarg\u2009maxxlimx→0"),
        (r"\mathbf{1}\bm{x}\mathscr{F}\Gamma\varphi", "𝟏𝒙ℱ\ufe01Γφ"),
        (r"\left\{ x \mid x > 0 \right\}", "{x∣x>0}"),
        (r"\textcolor{blue}{y} \boxed{z} \textrm{a}\textbf{b}", "yzab"),
    ],
)
def test_what_formulas_say(tex: str, text: str) -> None:
    drawn = re.sub(r"&(ApplyFunction|InvisibleTimes);", "", mathml.mathml(tex, True) or "<none/>")
    root = ElementTree.fromstring(drawn)
    assert root.tag == "math"
    assert "".join(root.itertext()) == text


@given(st.lists(st.sampled_from([*_PIECES, *"ab1<>&\"'{}[]()^_:= "]), max_size=12).map("".join))
def test_what_stands_is_well_formed(tex: str) -> None:
    drawn = mathml.mathml(tex, True)
    if drawn is not None:
        ElementTree.fromstring(re.sub(r"&(ApplyFunction|InvisibleTimes);", "", drawn))


def test_only_a_formula_loads_the_library() -> None:
    code = "import sys, cards.preview.mathml as m; m.of_field('text'); print('math_core' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# ------------------------------------------------------------------------------------------------------- served


def test_the_served_page_follows_the_notes(chromium: Any, vault: Path) -> None:
    config = load((vault,), vault.parent / "decks", None, None)
    shown = Page()
    shown.show(pages.page(look(config, keep_notes=True), "vault", live=True))
    with serving(shown) as address:
        page = chromium.new_page()
        page.goto(address)
        page.wait_for_selector("article")
        page.select_option("#kind", "cloze")
        page.wait_for_timeout(300)  # the stream of events is open
        (vault / "Tides.md").write_text(NOTE.replace("salt of it", "sand of it"), encoding="utf-8")
        shown.show(pages.page(look(config, keep_notes=True), "vault", live=True))
        until(page, "document.querySelector('.text')?.textContent.includes('sand of it')")
        assert page.input_value("#kind") == "cloze"
        page.close()


def test_the_server_answers_nobody_else() -> None:
    shown = Page()
    shown.show("secret")
    with serving(shown) as address:
        port = int(address.rstrip("/").rpartition(":")[2])

        def ask(path: str, host: str) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path, headers={"Host": host})
            status = connection.getresponse().status
            connection.close()
            return status

        assert ask("/", f"127.0.0.1:{port}") == ask("/", f"localhost:{port}") == 200
        assert ask("/", f"evil.example:{port}") == 403
        assert ask("/../../etc/passwd", f"127.0.0.1:{port}") == 404


def test_watch_with_a_preview_serves_each_build(vault: Path) -> None:
    from cards.commands.watch import watch

    seen_pages: list[int] = []
    stop = threading.Event()

    def then(config: Any, result: Any) -> None:
        seen_pages.append(len(look(config).cards))
        stop.set()

    watch(lambda: load((vault,), vault.parent / "decks", None, None), lambda line: None, stop, then)
    assert seen_pages == [5]


def test_without_o_the_page_is_in_the_cache(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(vault.parent)
    kept = cache.folder(Path("decks")) / cache.PREVIEW
    ran = CliRunner().invoke(main, ["preview", "vault"])
    assert f"5 cards, 4 findings: {kept}" in ran.stdout
    page = kept.read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert data
    assert len(json.loads(data[1])["notes"]) == 1

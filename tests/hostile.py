"""Notes full of vectors, and the page that shows their cards as Anki would: scripts on, nothing forbidden, MathJax at work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nh3

from cards.anki.note_types import note_types
from cards.pipeline.report import Report
from tests.anki_run import collection, import_deck
from tests.vaults import built, packages, write

_FIXTURE = Path(__file__).parent / "fixtures" / "hostile" / "vectors.txt"
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|[tnr\\])")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}

# each place of a note that reaches a field; @ is the vector
PLACES = {
    "label": "- **@:** text\n",
    "label sentence": "- **Label @ is one.** And more text.\n",
    "text": "- **Label:** text @ more\n",
    "lead": "@ It is **the phrase** that counts here, and more.\n",
    "gap": "It is **the phrase @ that counts** in this sentence, and in more.\n",
    "highlight": "It is ==the phrase @ that counts== in this sentence, and in more.\n",
    "typed": "- It is {{c1::a @ b::hint}} in here\n",
    "hint": "- It is {{c1::a::hint @}} in here\n",
    "answer": "Is it so?::yes @\n",
    "question": "Q: Is @ so?\nA: yes\n",
    "item": "- **Label:**\n  - a @ b\n  - **Below @:** more\n",
    "number": "- **Label:** a\n  1. @\n  2. b\n",
    "parent": "- a @ b:\n  - **Label:** text\n",
    "cell": "- **Label:** a\n\n  | @ | b |\n  |---|---|\n  | c | @ |\n",
    "code": "- **Label:** `@` and\n  ```@\n  @\n  ```\n",
    "quote": "- **Label:** a\n  > [!note] @\n  > @\n",
    "html": "- **Label:** a\n\n  <div>@</div>\n",
    "maths": "- **Label:** $@$ and **the $@$ of it** in more words\n",
    "display": "- **Label:** a\n\n  $$\n  @\n  $$\n\n  $$@$$\n",
    "heading": "# @\n\n## a @ b\n\n- **Label:** text\n- It is **the phrase** that counts here, and more.\n",
    "link": '- **Label:** [x](@) [x](<@>) <a href="@">x</a> [r]\n\n[r]: @\n',
    "link text": "- **Label:** [@](https://a.example) [[x|@]] [[@]] [[@#@]]\n",
    "image": '- **Label:** ![@](@) ![@](x.png "@") ![[@]] ![[x.png|@]] ![[@.png]]\n',
    "stamp": "---\nsource: https://youtu.be/abcdefghijk\n---\n- **Label:** text (1:20) [1:30](@) [2:00](https://youtu.be/abcdefghijk@)\n",
    "title": "---\ntitle: %s\n---\n- **Label:** text\n- It is **the phrase** that counts here, and more.\n",
    "people": "---\nshow: %s\nguests: [%s]\nauthor: %s\n---\n- **Label:** text\n",
    "tags": "---\ntags: [%s]\ndeck: %s\n---\n- **Label:** text\n",
    "source": "---\ntitle: T\nsource: %s\nurl: %s\n---\n- **Label:** text (1:20)\n",
    "recording": "---\naudio: %s\nvideo: https://youtu.be/abcdefghijk?x=@\n---\n- **Label:** text (1:20)\n",
}

_TAGS = {*"a b i s mark code pre p div ul ol li blockquote table tr th td span br img sup sub ruby rt".split()}
_ATTRIBUTES = {
    "a": {"class", "href"},
    "span": {"class"},
    "img": {"class", "src"},
    "div": {"class", "dir", "data-points", "data-cue"},
    "ol": {"start", "dir"},
    **{tag: {"dir"} for tag in "p ul pre blockquote th td".split()},
}
_SCHEMES = {"http", "https", "mailto", "obsidian"}


def vectors() -> list[str]:
    """Every vector, its escapes undone."""
    lines = _FIXTURE.read_text(encoding="utf-8").splitlines()
    return [_ESCAPE.sub(_undone, line) for line in lines if line and not line.startswith("#")]


def _undone(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1]) or chr(int(match[1][1:], 16))


def note(place: str, vector: str) -> str:
    """A note with a vector in a place. In frontmatter it stands as YAML's quoted text."""
    return PLACES[place].replace("%s", json.dumps(vector)).replace("@", vector)


def foreign(field: str) -> str | None:
    """What a cleaner with the list of what Cards itself writes takes out of a field, None where that is nothing."""
    cleaned = nh3.clean(
        f".{field}",  # a byte order mark at the start would be dropped
        tags=_TAGS | {"tbody"},
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        strip_comments=False,
        link_rel=None,
        clean_content_tags=set(),
    )
    normal = cleaned.replace("&nbsp;", "\xa0").replace("<tbody>", "").replace("</tbody>", "")
    return None if normal == "." + field.replace("&#x27;", "'") else cleaned


def build_notes(folder: Path, notes: Iterable[tuple[str, str]]) -> Report:
    """The report of a build of notes by path; the decks are in `decks`."""
    return built(write(folder / "vault", dict(notes)), folder / "decks", keep_cards=True)


def drawn(folder: Path) -> list[tuple[str, str]]:
    """Both sides of every card of the decks, drawn by the real Anki; no sound or LaTeX may be in them."""
    out = []
    with collection(folder / "anki") as opened:
        for package in packages(folder / "decks"):
            import_deck(opened, package)
        for cid in opened.db.list("select id from cards order by id"):
            output = opened.get_card(cid).render_output()
            assert not output.question_av_tags, output.question_text
            assert not output.answer_av_tags, output.answer_text
            assert "latex-" not in output.question_text + output.answer_text
            out.append((output.question_text, output.answer_text))
    return out


def _watched(chromium: Any, url: str, html: str, act: Callable[[Any], list[str]], files: Path | None = None) -> list[str]:
    """Open a page, act there, and say what happened that must not: requests, dialogs, faults, scripts that ran."""
    happened: list[str] = []
    page = chromium.new_page(viewport={"width": 1300, "height": 4000})

    def answer(route: Any) -> None:
        file = files / route.request.url.partition("/_anki/js/")[2] if files and "/_anki/js/" in route.request.url else None
        if route.request.url == url:
            route.fulfill(content_type="text/html; charset=utf-8", body=html)
        elif file and file.is_file():
            route.fulfill(path=str(file))
        else:
            happened.append(f"request {route.request.url}")
            route.abort()

    def refuse(dialog: Any) -> None:
        happened.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.route("**/*", answer)
    page.add_init_script(_WATCH)
    page.on("dialog", refuse)
    if not files:  # MathJax has faults of its own
        page.on("pageerror", lambda error: happened.append(f"error {error}"))
    page.on("popup", lambda popup: happened.append(f"popup {popup.url}"))
    page.goto(url)
    page.on("framenavigated", lambda frame: happened.append(f"navigation {frame.url}"))
    happened += act(page)
    page.wait_for_timeout(300)
    happened += page.evaluate("window.ran.map(String)")
    page.close()
    return happened


_WATCH = """window.ran = [];
window.__ran = (...a) => window.ran.push(`ran ${document.body.dataset.side}: ${a}`);
for (const name of ["alert", "prompt", "confirm", "print", "pycmd"]) window[name] = __ran;"""


def run_cards(chromium: Any, sides: list[str], mathjax: Path | None = None) -> list[str]:
    """Show sides in a page, as Anki puts them in, touch all that is there, and say what happened that must not."""
    scripts = ("mathjax.js", "vendor/mathjax/tex-chtml-full.js") if mathjax else ()
    loads = "".join(f'<script src="/_anki/js/{name}"></script>' for name in scripts)
    html = f"<!doctype html><style>{note_types()['qa'].css}</style>{loads}<div id=qa></div>"

    def show(page: Any) -> list[str]:
        return [each for start in range(0, len(sides), 200) for each in page.evaluate(_SHOW, sides[start : start + 200])]

    return _watched(chromium, "http://anki.test/", html, show, mathjax)


# as Anki's reviewer does it (ts/reviewer/index.ts): the text becomes HTML, its scripts are made anew, so that they run
_SHOW = """async (sides) => {
  const bad = [], qa = document.getElementById("qa");
  qa.className = "card";
  for (const side of sides) {
    document.body.dataset.side = side.slice(0, 400);
    qa.innerHTML = side;
    for (const old of qa.querySelectorAll("script")) {
      const made = document.createElement("script");
      for (const each of old.attributes) made.setAttribute(each.name, each.value);
      made.textContent = old.textContent;
      old.replaceWith(made);
    }
    if (window.MathJax?.typesetPromise) try { MathJax.typesetClear(); await MathJax.typesetPromise([qa]); } catch (error) {}
    for (const each of qa.querySelectorAll("*")) {
      for (const { name, value } of each.attributes) {
        if (/^on|^srcdoc$|^formaction$|^action$/.test(name)) bad.push(`attribute ${name} in ${side}`);
        if (/^(href|src|xlink:href|data)$/.test(name) && !/^(https?:|mailto:|obsidian:|#|[\\w-]+\\.\\w+$)/.test(value))
          bad.push(`${name}=${value} in ${side}`);
        if (name === "style" && /url|expression|script|@import/i.test(value)) bad.push(`style ${value} in ${side}`);
      }
      if (each.matches("script,iframe,object,embed,form,input,svg,style,link,meta,base,video,audio,template"))
        if (!each.closest("mjx-container")) bad.push(`<${each.localName}> in ${side}`);
      each.addEventListener("click", (event) => event.preventDefault());
      for (const kind of "click mouseover mouseenter pointerenter pointerdown focus error load toggle keydown".split(" "))
        each.dispatchEvent(new MouseEvent(kind, { bubbles: true, cancelable: true }));
    }
    await null;
  }
  qa.replaceChildren();
  return bad;
}"""


def run_preview(chromium: Any, html: str) -> list[str]:
    """Show the page of `cards preview` without its policy, turn every card, and say what happened that must not."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    assert bare != html
    return _watched(chromium, "http://preview.test/", bare, lambda page: list(page.evaluate(_TURN)))


_TURN = """() => {
  const bad = [];
  toggle("both");
  document.querySelectorAll("section").forEach(drawNote);
  for (const host of document.querySelectorAll(".side"))
    for (const each of host.shadowRoot.querySelectorAll("*")) {
      for (const { name, value } of each.attributes)
        if (/^on/.test(name) || (/href$/.test(name) && !/^(https?:|mailto:|obsidian:)/.test(value))) bad.push(name + value);
      if (each.matches("script,iframe,object,embed,form,svg,style,link,meta,base")) bad.push(each.localName);
      each.addEventListener("click", (event) => event.preventDefault());
      for (const kind of ["click", "mouseover", "focus", "error", "load"])
        each.dispatchEvent(new MouseEvent(kind, { cancelable: true }));
    }
  return bad;
}"""

"""TeX → MathML for the preview, which draws formulas without a network. Anki itself has MathJax.

math-core writes MathML Core (https://www.w3.org/TR/mathml-core/) and refuses what it does not know. Its output stands only
where all of it is text and elements and attributes of a list: those that draw, and none that link. It misses some escapes.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from math_core import LatexToMathML

_ELEMENTS = (
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder mover munderover "
    "mmultiscripts mprescripts mtable mtr mtd menclose b i u em code span"
).replace(" ", "|")
_ATTRIBUTES = (
    "display displaystyle scriptlevel mathvariant stretchy fence form accent accentunder linethickness lspace rspace width "
    "height depth voffset minsize maxsize symmetric largeop movablelimits separator style"
).replace(" ", "|")
_SAFE = re.compile(
    r"(?:[^<>&]++|&(?:lt|gt|amp|quot|#39|ApplyFunction|InvisibleTimes);"
    rf'|</?(?:{_ELEMENTS})(?: (?:{_ATTRIBUTES})="[\w .%#:;-]*"| class="math-core-[a-z-]+")*+/?>)*+'
)
_BOX = ('notation="box"', 'style="border: 0.05em solid; padding: 0.2em"')  # browsers draw no menclose
_FIELD = re.compile(r"\\\((?P<inline>.+?)\\\)|\\\[(?P<display>.+?)\\\]", re.S)
_LONGEST = 5_000  # characters of a formula
_DEEPEST = 500  # what may lie in what stands before it: the library has no bound, and the process ends with its stack
_DEFINES = re.compile(r"\\(?:g?def|let|[a-z]+command)(?![A-Za-z])")
_MACROS = {"mbox": r"\text{#1}", "substack": r"\begin{subarray}{c}#1\end{subarray}"}
_ENVIRONMENT = re.compile(r"(?<=\\begin\{)\w+(?=\})|(?<=\\end\{)\w+(?=\})")
_SAME = {"split": "aligned", "smallmatrix": "matrix", **{name: f"{name}*" for name in ("align", "equation", "gather")}}


def of_field(field: str) -> str:
    """A field with its MathJax as MathML; a formula that can't be converted as its TeX."""
    return _FIELD.sub(lambda match: _shown(html.unescape(match["inline"] or match["display"]), bool(match["display"])), field)


def _shown(tex: str, display: bool) -> str:
    found = mathml(tex, display)
    if found is not None:
        return found
    return f"<code>{html.escape(tex, quote=False).replace('::', ':<!-- -->:').replace('}}', '}<!-- -->}')}</code>"


@lru_cache(maxsize=4096)
def mathml(tex: str, display: bool) -> str | None:
    """A formula as MathML, None where the library can't read it."""
    if len(tex) > _LONGEST or sum(map(tex.count, r"\{([^_")) > _DEEPEST or _DEFINES.search(tex):
        return None
    known = _ENVIRONMENT.sub(lambda match: _SAME.get(match[0], match[0]), tex)
    try:
        written = _converter().convert_with_local_state(known, displaystyle=display).replace(*_BOX)
    except Exception:  # its own error, and those of text that is no Unicode
        return None
    # so that no text acts, where it meets others of its kind, as the braces of a cloze
    return re.sub(r"([{}:])(?=\1)", r"\1<!-- -->", written) if _SAFE.fullmatch(written) else None


@lru_cache
def _converter() -> LatexToMathML:
    from math_core import LatexToMathML

    return LatexToMathML(macros=_MACROS, fancy_error=False, allow_unreliable_rendering=True)

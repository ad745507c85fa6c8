"""TeX → MathML for the preview, which draws formulas without a network. Anki itself has MathJax.

latex2mathml hands through what it does not know, so its output is taken apart and only elements and attributes of a list
are kept: those of MathML Core (https://www.w3.org/TR/mathml-core/) that draw, and none that link or style.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from xml.etree import ElementTree

_ELEMENTS = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder mover "
    "munderover mmultiscripts mprescripts none mtable mtr mtd menclose".split()
)
_ATTRIBUTES = frozenset(
    "display displaystyle scriptlevel mathvariant stretchy fence form accent accentunder linethickness lspace rspace width "
    "height depth voffset minsize maxsize symmetric largeop movablelimits separator columnalign rowspacing columnspacing "
    "columnlines rowlines notation".split()
)
_SPACE = "{http://www.w3.org/1998/Math/MathML}"
_FIELD = re.compile(r"\\\((?P<inline>.+?)\\\)|\\\[(?P<display>.+?)\\\]", re.S)
_LONGEST = 5_000  # characters of a formula


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
    from latex2mathml.converter import convert

    if len(tex) > _LONGEST or "\\def" in tex or "\\newcommand" in tex:
        return None
    safe = tex.replace("<", r"\lt ").replace(">", r"\gt ")
    try:
        root = ElementTree.fromstring(convert(safe, display="block" if display else "inline"))
    except Exception:  # it has many ways to fail, recursion among them
        return None
    return _written(root)


def _written(element: ElementTree.Element) -> str | None:
    name = element.tag.removeprefix(_SPACE)
    if name not in _ELEMENTS:
        return None
    inner = [_text(element.text)]
    for child in element:
        written = _written(child)
        if written is None:
            return None
        inner += [written, _text(child.tail)]
    kept = "".join(f' {key}="{html.escape(value)}"' for key, value in element.attrib.items() if key in _ATTRIBUTES)
    return f"<{name}{kept}>{''.join(inner)}</{name}>"


def _text(text: str | None) -> str:
    """Text that neither acts as HTML nor, where it meets others of its kind, as the braces of a cloze."""
    escaped = html.escape(text or "", quote=False)
    return re.sub(r"([{}:])(?=\1)", r"\1<!-- -->", escaped)

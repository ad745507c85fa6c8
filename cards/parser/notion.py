"""Notion's callouts as the text that they hold. No line is added or taken away."""

from __future__ import annotations

import re

_ASIDE = re.compile(r"^\s*<aside>[ \t]*|[ \t]*</aside>\s*$")
_ICON = re.compile(r"^\s*<img\b[^<>]*>\s*")
_FENCE = re.compile(r"\s*(```|~~~)")


def without_asides(text: str) -> str:
    """Text without the tags of Notion's callouts (`<aside>`), so that what stands in one is read as text; no line goes."""
    if "<aside>" not in text:
        return text
    out: list[str] = []
    fenced, inside = "", False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and fenced in ("", mark[1]):
            fenced = "" if fenced else mark[1]
        if fenced:
            out.append(line)
            continue
        inside = inside or "<aside>" in line
        shown = _ASIDE.sub("", line)
        out.append(_ICON.sub("", shown) if inside else shown)
        inside = inside and "</aside>" not in line
    return "\n".join(out)

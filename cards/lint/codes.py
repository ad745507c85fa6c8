"""Codes of findings, as users give them."""

from __future__ import annotations

from collections.abc import Iterable

from cards.model import CardsError


def check_codes(codes: Iterable[str], where: str) -> None:
    """Raise CardsError where one is no code of a finding, nor the beginning of some."""
    import difflib

    from cards.lint.rules import BY_CODE

    for code in codes:
        if not any(known.startswith(code) for known in BY_CODE) or not code:
            near = difflib.get_close_matches(code.upper(), BY_CODE, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(BY_CODE)}"
            raise CardsError(f"{where}: {code} is no code of a finding; {hint}")

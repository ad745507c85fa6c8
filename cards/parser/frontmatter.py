"""The frontmatter of a note, taken off its body. Broken YAML keeps its body, and its plain lines.

YAML between `---` lines (python-frontmatter), TOML between `+++` lines.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple

import yaml
from frontmatter.default_handlers import YAMLHandler

_FENCE = re.compile(r"(?P<mark>---|\+\+\+)[ \t]*\n")
_SALVAGE = re.compile(r"(?P<key>[A-Za-z][\w -]*):[ \t]+(?P<value>\S[^\n]*)")
_LARGEST = 200_000  # characters of a frontmatter
_NESTED = 100  # levels of YAML; the parser's own stack ends at some thousands
_LONGEST_NUMBER = 4300  # digits, as in Python
_CLOSING = {"[": "]", "{": "}", '"': '"', "'": "'"}
_NESTING = re.compile(r"[\[{?-]")


class Properties(NamedTuple):
    """The properties, the body, the 1-based line the body starts at, and what was wrong with the YAML."""

    values: dict[str, object]
    body: str
    first_line: int
    problem: str | None = None


def split(text: str) -> Properties:
    """A note's text (line ends `\\n`, no byte order mark) taken apart. Never raises: broken YAML keeps its body."""
    opening = _FENCE.match(text)
    if not opening:
        return Properties({}, text, 1)
    mark = opening["mark"]
    closing = re.compile(rf"^(?:{re.escape(mark)}{'|[.]{3}' if mark == '---' else ''})[ \t]*(?:\n|$)", re.M).search(
        text, opening.end()
    )
    if not closing:
        return Properties({}, text, 1)
    head, body = text[opening.end() : closing.start()], text[closing.end() :]
    first_line = text.count("\n", 0, closing.end()) + 1
    if len(head) > _LARGEST:
        reason = f"it is longer than {_LARGEST:,} characters; move what is no property to the body"
        return Properties(_salvaged(head[:_LARGEST]), body, first_line, f"1:{reason}")
    try:
        values: object = tomllib.loads(head) if mark == "+++" else _yaml(head)
    except (yaml.YAMLError, ValueError, LookupError, ArithmeticError, RecursionError, TypeError, AttributeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0)
        reason = getattr(error, "problem", None) or next(iter(str(error).splitlines()), type(error).__name__)
        return Properties(_salvaged(head), body, first_line, f"{line + 2}:{reason}")
    if values is None:
        return Properties({}, body, first_line)
    if not isinstance(values, dict):
        return Properties({}, text, 1)  # a note that opens with a rule
    return Properties({str(key): value for key, value in values.items()}, body, first_line)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # in C where it was built
    """Plain values only."""


def _number(loader: Any, node: yaml.ScalarNode) -> object:
    if len(node.value) > _LONGEST_NUMBER:  # in base 60 it takes quadratic time
        raise _refused("a number of too many digits; put it in quotes", node.start_mark)
    return loader.construct_yaml_int(node)


def _refused(reason: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, reason, mark)


_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:binary", _Loader.construct_undefined)


def _yaml(head: str) -> object:
    if "*" in head or len(_NESTING.findall(head)) > _NESTED:  # nearly all have neither aliases nor depth
        _check(head)
    return YAMLHandler().load(head, Loader=_Loader)


def _check(head: str) -> None:
    """Raise YAMLError for aliases, whose values can grow without end, and for values nested too deep."""
    depth = 0
    for event in yaml.parse(head, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise _refused("an alias (`*name`); write its value out", event.start_mark)
        if depth > _NESTED:
            raise _refused(f"nested deeper than {_NESTED} levels; make it flat", event.start_mark)


def _salvaged(head: str) -> dict[str, object]:
    """The plain `key: value` lines of YAML that does not parse, without values that are still being written (`[Bio`)."""
    found = (_SALVAGE.fullmatch(line.rstrip()) for line in head.split("\n"))
    values = {match["key"].strip(): match["value"].strip() for match in found if match and "{{" not in match["value"]}
    return {key: value.strip("\"'") for key, value in values.items() if not _is_open(value)}


def _is_open(value: str) -> bool:
    """Whether a value begins with a bracket or quote that nothing closes."""
    closing = _CLOSING.get(value[0])
    return closing is not None and closing not in value[1:]

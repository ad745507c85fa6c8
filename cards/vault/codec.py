"""The model's values as bytes and back, for the cache. Nothing but the model's own types can come out of it."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from cards import model

_AS_THEY_ARE = frozenset({type(None), bool, int, float, str})
_TYPES: dict[str, Any] = {
    name: value
    for name, value in vars(model).items()
    if isinstance(value, type) and (is_dataclass(value) or issubclass(value, Enum))
}
_FIELDS: dict[Any, list[str]] = {kind: [each.name for each in fields(kind)] for kind in _TYPES.values() if is_dataclass(kind)}


def pack(value: Any) -> bytes:
    """A value of the model as bytes, a sixth of what `json` would write. The same value gives the same bytes."""
    text = json.dumps(_encode(value), ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def unpack(packed: bytes) -> Any:
    """The value that `pack` was given. Raises ValueError, KeyError, TypeError or zlib.error for anything else."""
    return _decode(json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass")), {})


def _encode(value: Any) -> Any:
    """A value of the model as what `json` writes: a list that begins with the name of its type."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, tuple):
        return ["", *map(_encode, value)]
    if kind is frozenset:
        return ["frozenset", *sorted(map(_encode, value), key=repr)]
    if isinstance(value, Enum):
        return [kind.__name__, value.value]
    return [kind.__name__, *[_encode(getattr(value, name)) for name in _FIELDS[kind]]]


def weight(value: Any) -> int:
    """The characters of all texts in a value, those that stand in it many times counted each time."""
    total, left = 0, [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            total += len(each)
        elif isinstance(each, tuple):
            left += each
        elif type(each) in _FIELDS:
            left += [getattr(each, name) for name in _FIELDS[type(each)]]
    return total


@lru_cache(maxsize=1024)
def _frozen(*values: Any) -> frozenset[Any]:
    """A set of these values; equal ones are one, since nearly all are the marks of a run."""
    return frozenset(values)


def _decode(value: Any, known: dict[str, str]) -> Any:
    """What `_encode` was given; equal texts become one, `known` holds those met so far."""
    if not isinstance(value, list):
        return known.setdefault(value, value) if isinstance(value, str) else value
    inner = [_decode(each, known) for each in value[1:]]
    match value[0]:
        case "":
            return tuple(inner)
        case "frozenset":
            return _frozen(*inner)
        case name:
            return _TYPES[name](*inner)

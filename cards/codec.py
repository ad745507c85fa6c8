"""The model's values as bytes and back, for the cache. Nothing but the model's own types can come out of it."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from sys import intern
from typing import Any

from cards import model

_SHORT = 200  # characters of a text that may well stand at many cards: titles, headings, links

_TYPES: dict[str, Any] = {
    name: value
    for name, value in vars(model).items()
    if isinstance(value, type) and (is_dataclass(value) or issubclass(value, Enum))
}


def pack(value: Any) -> bytes:
    """A value of the model as bytes, a sixth of what `json` would write. The same value gives the same bytes."""
    return zlib.compress(
        json.dumps(encode(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"), 1
    )


def unpack(packed: bytes) -> Any:
    """The value that `pack` was given. Raises ValueError, KeyError, TypeError or zlib.error for anything else."""
    return decode(json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass")))


def encode(value: Any) -> Any:
    """A value of the model as what `json` writes: a list that begins with the name of its type."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        return ["", *map(encode, value)]
    if isinstance(value, frozenset):
        return ["frozenset", *sorted((encode(each) for each in value), key=repr)]
    if isinstance(value, Enum):
        return [type(value).__name__, value.value]
    return [type(value).__name__, *(encode(getattr(value, each.name)) for each in fields(value))]


@lru_cache(maxsize=1024)
def _frozen(*values: Any) -> frozenset[Any]:
    """A set of these values; equal ones are one, since nearly all are the marks of a run."""
    return frozenset(values)


def decode(value: Any) -> Any:
    """The value that `encode` was given. Raises ValueError, KeyError or TypeError for anything else."""
    if not isinstance(value, list):
        return intern(value) if isinstance(value, str) and len(value) <= _SHORT else value
    name, *inner = value
    if name == "":
        return tuple(map(decode, inner))
    if name == "frozenset":
        return _frozen(*map(decode, inner))
    return _TYPES[name](*map(decode, inner))

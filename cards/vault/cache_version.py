"""What the cache depends on besides the notes."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path


@lru_cache(maxsize=1)
def version() -> str:
    """What tells this code from another version of it, and of what it reads notes with: size and time of the files."""
    found: list[tuple[str, int, int]] = []
    for folder, below, names in os.walk(Path(__file__).parent.parent):
        below[:] = [name for name in below if name != "__pycache__"]
        paths = [os.path.join(folder, name) for name in names]
        found += [(path, status.st_size, status.st_mtime_ns) for path in paths if (status := os.stat(path))]
    for package in ("frontmatter", "genanki", "markdown_it", "mdit_py_plugins", "sentencex", "yaml"):
        if (spec := find_spec(package)) and spec.origin:
            found.append((package, os.stat(spec.origin).st_size, os.stat(spec.origin).st_mtime_ns))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()

"""The name of a file in a package."""

from __future__ import annotations

import hashlib
import re
from unicodedata import normalize


def media_name(stem: str, suffix: str, content: bytes) -> str:
    """Name a file in a package: readable, ASCII, and unique to its content. `suffix` includes the dot."""
    slug = re.sub(r"[^a-z0-9]+", "-", normalize("NFC", stem).lower()).strip("-")[:40] or "media"
    return f"{slug}-{hashlib.sha256(content).hexdigest()[:12]}{suffix.lower()}"

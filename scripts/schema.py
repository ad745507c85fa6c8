"""Write the JSON schema of `cards.toml` from the types that read it: `python scripts/schema.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from msgspec.json import schema

sys.path.insert(0, str(Path(__file__).parent.parent))

from cards.vault.cards_toml import CardsToml

FILE = Path(__file__).parent.parent / "cards" / "vault" / "cards.schema.json"
URL = "https://raw.githubusercontent.com/takeaway-cards/takeaway-cards/main/cards/vault/cards.schema.json"


def text() -> str:
    """The schema, as the file has it."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": URL, "title": "cards.toml", **schema(CardsToml)}
    return json.dumps(made, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")

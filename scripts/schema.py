"""Write the JSON schema of `cards.toml`, and its table in the docs, from the types that read it: `python scripts/schema.py`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.json import schema

sys.path.insert(0, str(Path(__file__).parent.parent))

from cards.vault.cards_toml import CardsToml

ROOT = Path(__file__).parent.parent
FILE = ROOT / "cards" / "vault" / "cards.schema.json"
PAGE = ROOT / "docs" / "configuration.md"
URL = "https://raw.githubusercontent.com/takeaway-cards/takeaway-cards/main/cards/vault/cards.schema.json"


def text() -> str:
    """The schema, as the file has it."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": URL, "title": "cards.toml", **schema(CardsToml)}
    return json.dumps(made, indent=2) + "\n"


def page() -> str:
    """The page of the settings, with the table that the committed schema gives."""
    tables = json.loads(FILE.read_text(encoding="utf-8"))["$defs"]
    rows = "\n".join(_rows(tables, "", tables["CardsToml"]["properties"]))
    table = f"| setting | what it says | takes | default |\n|---|---|---|---|\n{rows}\n"
    return re.sub(r"^\| setting \|.*\n(?:\|.*\n)*", lambda _: table, PAGE.read_text(encoding="utf-8"), count=1, flags=re.M)


def _rows(tables: Any, above: str, settings: Any) -> Iterator[str]:
    for name, setting in settings.items():
        inner = setting.get("additionalProperties", {})
        if found := setting.get("$ref") or inner.get("$ref"):
            below = f"{above}{name}." if "$ref" in setting else f"{above}{name}.PATH."
            yield from _rows(tables, below, tables[found.rpartition("/")[2]]["properties"])
            continue
        default = setting["default"]
        shown = f"`{json.dumps(default)}`" if default not in (None, [], {}) else "none"
        yield f"| `{above}{name}` | {setting['description']} | {_taken(setting)} | {shown} |"


def _taken(setting: Any) -> str:
    if "anyOf" in setting:
        return _taken(next(each for each in setting["anyOf"] if each.get("type") != "null"))
    if "enum" in setting:
        return " or ".join(f"`{json.dumps(each)}`" for each in setting["enum"])
    return {"array": "texts", "string": "a text", "boolean": "`true` or `false`", "object": "texts by name"}[setting["type"]]


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")

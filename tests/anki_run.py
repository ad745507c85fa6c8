"""The real Anki: a throw-away collection, imports with the dialog's defaults, and Anki's own renderer."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

anki = pytest.importorskip("anki.collection", reason="pip install 'takeaway-cards[anki]' to test against the real Anki")


@contextmanager
def collection(folder: Path) -> Iterator[Any]:
    folder.mkdir(parents=True, exist_ok=True)
    opened = anki.Collection(str(folder / "collection.anki2"))
    try:
        yield opened
    finally:
        opened.close()


def import_deck(opened: Any, package: Path, *, merge: bool = False, scheduling: bool = False) -> dict[str, int]:
    """Import as the dialog does by default (update if newer); the counts by outcome."""
    from anki.import_export_pb2 import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    options = ImportAnkiPackageOptions(merge_notetypes=merge, with_scheduling=scheduling)
    schema = opened.db.scalar("select scm from col")
    log = opened.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options)).log
    counts = {name: len(getattr(log, name)) for name in ("new", "updated", "duplicate", "conflicting", "empty_first_field")}
    counts["full_sync"] = int(opened.db.scalar("select scm from col") != schema)
    return {name: count for name, count in counts.items() if count}


def export(opened: Any, out: Path, *, legacy: bool) -> Path:
    """The package that Anki exports of all there is."""
    from anki.import_export_pb2 import ExportAnkiPackageOptions

    options = ExportAnkiPackageOptions(with_scheduling=True, with_media=True, legacy=legacy)
    opened.export_anki_package(out_path=str(out), options=options, limit=None)
    return out


def sides(opened: Any) -> list[tuple[str, str, str]]:
    """Guid, question and answer of every card, drawn by Anki."""
    out = []
    for card, guid in opened.db.all("select c.id, n.guid from cards c join notes n on n.id = c.nid order by c.due, c.ord"):
        drawn = opened.get_card(card).render_output()
        out.append((guid, drawn.question_text, drawn.answer_text))
    return out


def shown(side: str) -> str:
    """The text of a side as the reviewer shows it."""
    side = re.sub(r'data-cloze="[^"]*"', "", side)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<!--.*?-->", "", side, flags=re.S))).split())


def healthy(opened: Any) -> list[str]:
    """What Anki itself finds wrong: empty cards, missing media, a database to repair."""
    found = []
    if empty := opened.get_empty_cards().notes:
        found.append(f"empty cards: {empty}")
    if bare := opened.db.list("select guid from notes where id not in (select nid from cards)"):
        found.append(f"notes without cards: {bare}")
    check = opened.media.check()
    if check.missing or check.unused:
        found.append(f"media missing {list(check.missing)}, unused {list(check.unused)}")
    message, fine = opened.fix_integrity()
    if not fine or re.search(r"fixed|missing|invalid|deleted|restored", message.lower()):
        found.append(message)
    return found

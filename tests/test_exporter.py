from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from cards.anki.note_types import note_types
from tests import golden
from tests.vaults import CARDS, EXAMPLES, ROOT, built, packages, unpacked, write

# Anki takes a changed template only from a newer note type: change the files, raise `mod`, and put the new hash here.
FROZEN = {1795305600: "181749b02690313f", 1795737600: "d31eb53e8b7558f3", 1795766400: "65d20a7af4e2e6c9"}


def test_the_same_bytes_in_two_processes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [*CARDS, "build", "examples", "-o", str(tmp_path / seed), "-q"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    one, two = ({path.name: path.read_bytes() for path in packages(tmp_path / seed)} for seed in ("1", "2"))
    assert one == two
    assert len(one) == 3


def test_note_types_are_frozen() -> None:
    types = note_types()
    for note_type in types.values():
        assert [name for name, _ in note_type.fields][2:] == ["Context", "Timestamps", "Audio", "Source", "Extra", "ID"]
        assert note_type.mod <= time.time()
    identities = [each.id for each in types.values()] + [i for each in types.values() for _, i in each.fields]
    assert len(set(identities)) == len(identities)
    told = repr([(each.id, each.name, each.fields, each.template, each.front, each.back, each.css) for each in types.values()])
    mod = next(iter(types.values())).mod
    assert FROZEN.get(mod) == hashlib.sha256(told.encode()).hexdigest()[:16]


def test_templates_run_no_script() -> None:
    for note_type in note_types().values():
        for text in (note_type.front, note_type.back, note_type.css):
            assert "script" not in text.lower()
            assert "http" not in text
            assert "@import" not in text


def test_the_committed_decks_are_up_to_date(tmp_path: Path) -> None:
    shutil.copy(ROOT / "decks" / "ledger.jsonl", tmp_path)
    before = (tmp_path / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    header = before[0].replace("../examples", str(EXAMPLES))
    (tmp_path / "ledger.jsonl").write_text("\n".join([header, *before[1:]]) + "\n", encoding="utf-8")
    built(EXAMPLES, tmp_path)
    assert (tmp_path / "ledger.jsonl").read_text(encoding="utf-8").splitlines()[1:] == before[1:]
    # another zlib packs the same content into other bytes, so what is inside is compared
    kept, fresh = ({path.name: golden.content(path) for path in packages(out)} for out in (ROOT / "decks", tmp_path))
    assert kept == fresh


@pytest.mark.parametrize("deck", ["CON", "a/b", "x" * 300, "..", "日本::語"])
def test_odd_deck_names(deck: str, tmp_path: Path) -> None:
    note = write(tmp_path, {"n.md": f"---\ndeck: '{deck}'\n---\n- **A b:** c"}) / "n.md"
    (written,) = built(note, tmp_path / "out").decks
    assert written.path.parent == tmp_path / "out"
    assert written.path.is_file()


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize(
    ("url", "packed"),
    [
        (f"data:image/png;base64,{PIXEL}", True),
        ("data:image/png;base64,####", False),
        (f"data:text/html;base64,{PIXEL}", False),
        (f"data:image/svg+xml;base64,{PIXEL}", False),  # may hold more than a picture
    ],
)
def test_a_picture_in_the_note_is_packed_from_its_bytes(url: str, packed: bool, tmp_path: Path) -> None:
    write(tmp_path, {"n.md": f"- **A graph:** it shows ![][image1] the trend.\n\n[image1]: <{url}>\n"})
    (card,) = built(tmp_path, keep_cards=True).result.cards
    assert ("<img" in card.fields[1]) == packed
    assert PIXEL[:20] not in card.fields[1]
    assert "####" not in card.fields[1]
    files = unpacked(tmp_path / "decks" / "Takeaways.apkg")
    assert (base64.b64decode(PIXEL) in files.values()) == packed

"""A build that has nothing to do sees so without reading, and never says so where it has."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from cards.parser import parse
from cards.pipeline import load_notes, output, state
from cards.pipeline.build import build
from cards.vault import cache
from cards.vault.config import load
from cards.vault.note_files import VaultFiles
from tests import vaults
from tests.vaults import edit, write

NOTE = "- **Depth:** four fathoms at **the outer buoy** of it ![[a.png]]. It moves in winter.\n- plain\n"


def run(*arguments: str) -> Result:
    return vaults.run("build", *arguments)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"Sea.md": NOTE, "Far/Port.md": NOTE.replace("Depth", "Width"), "a.png": "picture"})
    for path in tmp_path.rglob("*.*"):
        _aged(path)
    run()
    return tmp_path


def _aged(path: Path, seconds: int = 1_000) -> None:
    """Changed a while ago, so that the time says all."""
    before = path.stat().st_mtime - seconds
    os.utime(path, (before, before))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the builds read that really ran."""
    read: list[str] = []

    def noted(text: str, path: str, options: Any, **more: Any) -> Any:
        read.append(path)
        return parse(text, path, options, **more)

    monkeypatch.setattr(load_notes, "parse", noted)
    start = build.__globals__["start"]

    def started(*given: Any, **more: Any) -> Any:
        read.append("built")
        return start(*given, **more)

    monkeypatch.setitem(build.__globals__, "start", started)
    return read


def test_nothing_changed_means_nothing_read(vault: Path, built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VaultFiles, "read", None)
    ran = run()
    assert ran.exit_code == 0
    assert ran.stdout.startswith("✓ nothing to do: 2 decks with 4 cards up to date\n")
    assert "from 2 of 2 notes; 2 takeaways skipped" in ran.stdout
    assert run("--check").exit_code == 0
    assert json.loads(run("--json").stdout)["cards"] == 4
    assert built == []


def test_it_says_what_a_whole_build_says(vault: Path) -> None:
    for options in ((), ("--json",), ("-q",), ("--check", "--json")):
        short = run(*options).stdout
        _state(vault).unlink()
        assert short == run(*options).stdout, options
        run()


def test_touched_files_are_compared_by_content(vault: Path, built: list[str]) -> None:
    for path in vault.rglob("*.md"):
        _aged(path)
    assert "nothing to do" in run().stdout
    assert built == []


def _edit(vault: Path, age: int = 500) -> None:
    edit(vault / "Sea.md", "four", "five")  # of the same size
    _aged(vault / "Sea.md", age)


def _state(vault: Path) -> Path:
    return cache.folder(vault / "decks") / state.NAME


@pytest.mark.parametrize(
    "change",
    [
        _edit,
        lambda vault: _edit(vault, 0),
        lambda vault: (vault / "Sea.md").unlink(),
        lambda vault: (vault / "Sea.md").rename(vault / "Seas.md"),
        lambda vault: write(vault, {"New.md": "- **A:** b\n"}),
        lambda vault: write(vault, {"a.png": "another picture"}),
        lambda vault: (vault / "a.png").rename(vault / "Far" / "a.png"),
        lambda vault: write(vault, {"Far/a.png": "nearer picture"}),
        lambda vault: write(vault, {"cards.toml": 'kinds = "qa"\n'}),
        lambda vault: (vault / ".obsidian").mkdir(),
        lambda vault: (vault / "decks" / "Takeaways.apkg").unlink(),
        lambda vault: write(vault, {"decks/Takeaways.apkg": "x"}),
        lambda vault: write(vault, {"decks/Other.apkg": "x"}),
        lambda vault: _state(vault).write_text('{"stamp": 1', encoding="utf-8"),
        lambda vault: _state(vault).write_text("[]", encoding="utf-8"),
        lambda vault: _state(vault).write_bytes(_state(vault).read_bytes().replace(b"decks", b"decke")),
    ],
)
def test_every_change_is_seen(vault: Path, built: list[str], change: Any) -> None:
    change(vault)
    run()
    assert "built" in built


def test_a_lost_ledger_is_not_overlooked(vault: Path) -> None:
    (vault / "decks" / "ledger.jsonl").unlink()
    assert "there are decks but no ledger.jsonl" in vaults.refused("build")


def test_a_note_saved_during_a_build_is_read_again(vault: Path, built: list[str]) -> None:
    """A second save within the grain of the clock leaves size and time as they are."""
    path = vault / "Sea.md"
    edit(path, "four", "five")
    run()
    status = path.stat()
    edit(path, "five", "nine")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    built.clear()
    run()
    assert "Sea.md" in built


def test_a_missing_picture_is_said_again_until_it_is_there(vault: Path, built: list[str]) -> None:
    (vault / "a.png").unlink()
    run()
    built.clear()
    assert "a.png is not in the vault" in run().stderr
    assert built == []
    write(vault, {"b/a.png": "a picture"})
    assert "a.png" not in run().stderr
    assert "built" in built


def test_a_problem_is_said_again(vault: Path, built: list[str]) -> None:
    write(vault, {"Sea.md": "---\na: b: c\n---\n- **A:** b\n"})
    _aged(vault / "Sea.md")
    first = run().stderr
    assert "Sea.md:2: the frontmatter can't be read" in first
    built.clear()
    assert run().stderr == first
    assert run("--strict").exit_code == 1
    assert built == []


def test_other_paths_are_another_build(vault: Path, built: list[str]) -> None:
    run("Far")
    assert "built" in built
    config = load((Path("Far"),), None, None, None)
    assert (found := state.changes_since_last_build(config)) is not None
    assert found.nothing
    assert state.changes_since_last_build(load((), None, None, None)) is None


def test_a_picture_saved_during_the_build_is_read_again(vault: Path, built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    edit(vault / "Sea.md", "four", "five")
    real = output.write

    def late(*given: Any, **more: Any) -> Any:
        write(vault, {"a.png": "later picture"})
        return real(*given, **more)

    monkeypatch.setattr(output, "write", late)
    run("-v")  # a whole build
    monkeypatch.setattr(output, "write", real)
    built.clear()
    run()
    assert "built" in built


def test_a_picture_by_a_link_that_leads_elsewhere_now(vault: Path, built: list[str]) -> None:
    write(vault, {"one.png": "one", "two.png": "two"})
    (vault / "pic.png").symlink_to(vault / "one.png")
    for path in vault.glob("*.png"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    edit(vault / "Sea.md", "a.png", "pic.png")
    _aged(vault / "Sea.md")
    run()
    (vault / "pic.png").unlink()
    (vault / "pic.png").symlink_to(vault / "two.png")
    built.clear()
    run()
    assert "built" in built


def test_a_picture_outside_the_paths_given(vault: Path, built: list[str]) -> None:
    write(vault, {"cards.toml": "", "assets/x": ""})
    (vault / "a.png").rename(vault / "assets" / "a.png")
    _aged(vault / "assets" / "a.png")
    run("Far")
    built.clear()
    run("Far")
    assert built == []
    write(vault, {"Far/a.png": "nearer"})
    run("Far")
    assert "built" in built


def test_another_template_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cards" / "vault" / "cache.py"))
    versions = set()
    for style in ("a {}", "b {}  "):
        write(tmp_path, {"cards/anki/templates/style.css": style, "cards/vault/x": ""})
        cache.version.cache_clear()
        versions.add(cache.version())
    assert len(versions) == 2
    monkeypatch.undo()
    cache.version.cache_clear()

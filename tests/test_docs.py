"""The examples of the documentation do what stands beside them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cards.commands import push_messages
from cards.identity.ledger import Entry
from cards.sync.edits import Edit
from cards.sync.plan import Step
from tests.vaults import ROOT, run, write

PAGE = ROOT / "docs" / "exports.md"
_EXAMPLE = re.compile(r"```markdown\n(?P<note>.*?)^```\n\n```text\n(?P<cards>.*?)^```\n", re.S | re.M)
EXAMPLES = list(_EXAMPLE.finditer(PAGE.read_text(encoding="utf-8")))
MOVING = list(_EXAMPLE.finditer((ROOT / "docs" / "moving.md").read_text(encoding="utf-8")))


def test_each_export_has_an_example() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", re.sub(r"```.*?^```", "", text, flags=re.S | re.M), re.M)
    assert len(EXAMPLES) >= len(headings) - 1  # the last section is about times


def test_each_tool_that_people_come_from_has_an_example() -> None:
    text = (ROOT / "docs" / "moving.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (?!Try it)(.+)$", re.sub(r"```.*?^```", "", text, flags=re.S | re.M), re.M)
    assert len(MOVING) == len(headings) == 4


@pytest.mark.parametrize("example", [*EXAMPLES, *MOVING], ids=lambda each: each["cards"].partition("  ")[0])
def test_a_note_gives_the_cards_beside_it(example: re.Match[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = example["cards"].partition(".md:")[0]
    write(tmp_path, {f"{name}.md": example["note"]})
    monkeypatch.chdir(tmp_path)
    assert run("list").stdout == example["cards"]


def test_the_tutorial_gives_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (note,) = re.findall(r"^```markdown\n(.*?)^```$", page, re.M | re.S)
    (cards,) = re.findall(r"^```text\n(.*?)^```$", page, re.M | re.S)
    write(tmp_path, {"Tides.md": note})
    monkeypatch.chdir(tmp_path)
    assert run("list").stdout == cards
    assert run("build").exit_code == 0
    assert (tmp_path / "decks" / "Takeaways.apkg").is_file()


def test_every_setting_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    schema = json.loads((ROOT / "cards" / "vault" / "cards.schema.json").read_text(encoding="utf-8"))
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, re.M | re.S)
    settings = schema["$defs"][schema["$ref"].rpartition("/")[2]]["properties"]
    assert set(tomllib.loads(example)) == set(settings) - {"$schema"}


def test_the_table_of_settings_is_that_of_the_schema() -> None:
    """`python scripts/schema.py` writes it."""
    code = "import schema, sys; sys.stdout.buffer.write(schema.page().encode())"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, check=True).stdout.decode()
    assert made == (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert {"only-tagged", "lint.ignore", "folders.PATH.deck"} <= set(re.findall(r"^\| `([\w.-]+)` \|", made, re.M))


def test_the_keys_of_the_json_outputs_are_those_of_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `cards ([\w -]+) --json`.*?\| (.+) \|$", page, re.M)
    documented = {command: re.findall(r"`(\w+)`", keys) for command, keys in rows}
    hard = "- Sleep **replays the whole day at about twenty times the speed** of it all again."
    write(tmp_path, {"Sea.md": f"- **Depth:** four\n{hard}\n- plain\n"})
    monkeypatch.chdir(tmp_path)
    commands = ("list", "list --skipped", "diff", "lint", "build")
    printed = {each: json.loads(run(*each.split(), "--json").stdout.splitlines()[0]) for each in commands}
    write(tmp_path, {"Sea.md": "- **Depth:** four\n"})
    run("build")
    printed["retired"] = json.loads(run("retired", "--json").stdout.splitlines()[0])
    for command, found in printed.items():
        assert list(found) == documented[command], command
    step = push_messages.step_json(Step(guid="g", what="add"))
    edit = push_messages.edit_json(Edit(guid="g", note="n", line=1, field="back", was="a", now="b", reason=""))
    assert (list(step), list(edit)) == (documented["push"], documented["edits"])


def test_every_page_stands_in_the_index_and_in_llms_txt() -> None:
    docs = ROOT / "docs"
    pages = sorted(path.stem for path in docs.glob("*.md") if path.stem != "index")
    assert sorted(re.findall(r"^- \[[^\]]+\]\((\w+)\.html\): ", (docs / "llms.txt").read_text(encoding="utf-8"), re.M)) == pages
    index = (docs / "index.md").read_text(encoding="utf-8")
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```$", index, re.M | re.S)
    assert sorted(line for tree in trees for line in tree.splitlines() if re.fullmatch(r"\w+", line)) == pages


def test_the_columns_of_the_ledger_are_those_of_the_docs() -> None:
    page = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == list(Entry.__struct_fields__)

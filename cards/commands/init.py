"""`cards init`: write a commented `cards.toml`, a git hook and a GitHub workflow. Never overwrites a file."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import click

from cards.commands.options import EXISTING_FOLDER
from cards.commands.terminal import done, quoted, safe
from cards.model import CardsError
from cards.vault.cards_toml import NAME

_DECK = "Takeaways"
_HOOK = """#!/bin/sh
# Stops the commit if the decks are out of date; `cards build` updates them.
exec cards build --check {folder}
"""
_WORKFLOW = """# Fails if the decks are out of date; `cards build` updates them.
name: cards
on: [push, pull_request]
jobs:
  decks:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install takeaway-cards
      - run: |
          cards build --check {folder}
"""


@click.command("init")
@click.argument("folder", type=EXISTING_FOLDER, default=".")
@click.option("--hook", is_flag=True, help="Add a git hook that checks the decks before each commit.")
@click.option("--ci", is_flag=True, help="Add a GitHub workflow that checks the decks on each push.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask; take the defaults.")
def command(folder: Path, hook: bool, ci: bool, yes: bool) -> None:
    """Write a commented cards.toml into FOLDER.

    FOLDER is the root of your vault. On a terminal it asks three questions first. Existing files are never overwritten.
    """
    there = os.path.lexists(folder / NAME)
    given = {} if yes or there or not is_terminal() else ask()
    for line in set_up(folder, hook=hook, ci=ci, given=given):
        click.echo(f"{done()} {safe(line)}")
    click.echo(f"\n  Next: cards build {quoted(folder)}")


def is_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


def ask() -> dict[str, str | list[str]]:
    """Ask for the settings that people need most; what differs from the defaults, by its key."""
    notes = click.prompt("Folders with notes for cards, by commas (Enter for all)", default="", show_default=False)
    deck = click.prompt("Deck for notes outside of folders", default=_DECK)
    tag = click.prompt("Make cards only of notes and takeaways with this tag (Enter for all)", default="", show_default=False)
    given: dict[str, str | list[str]] = {}
    if folders := [each.strip() for each in notes.split(",") if each.strip()]:
        given["notes"] = folders
    if deck.strip() and deck.strip() != _DECK:
        given["deck"] = deck.strip()
    if tag.strip(" #"):
        given["only-tagged"] = [tag.strip(" #")]
    return given


def with_settings(text: str, given: Mapping[str, str | list[str]]) -> str:
    """The example of `cards.toml` with these settings in the place of its examples."""
    for key, value in given.items():
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        example = re.compile(rf"^# {re.escape(key)} = .*$", re.M)
        text = example.sub(line.replace("\\", "\\\\"), text, count=1)
    return text


def set_up(
    folder: Path, *, hook: bool = False, ci: bool = False, given: Mapping[str, str | list[str]] | None = None
) -> list[str]:
    """Write the files with the settings `given`, and return a message for each.

    Raises CardsError if one exists or can't be written. A `cards.toml` that is there may stay where a hook or a workflow is
    asked for.
    """
    try:
        return _set_up(folder, hook=hook, ci=ci, given=given or {})
    except OSError as error:
        raise CardsError(f"{error.filename}: can't be written: {error.strerror}") from None


def _set_up(folder: Path, *, hook: bool, ci: bool, given: Mapping[str, str | list[str]]) -> list[str]:
    texts: dict[Path, str] = {}
    if not ((hook or ci) and os.path.lexists(folder / NAME)):
        example = (files("cards.commands") / "cards.example.toml").read_text(encoding="utf-8")
        texts[folder / NAME] = with_settings(example, given)
    if hook or ci:
        top, hooks = _git_path(folder, "--show-toplevel"), _git_path(folder, "--git-path", "hooks")
        if top is None or hooks is None:
            raise CardsError(f"{folder}: is not in a git repository; run `git init` first")
        notes = shlex.quote(folder.resolve().relative_to(top).as_posix())
        if hook:
            texts[hooks / "pre-commit"] = _HOOK.format(folder=notes)
        if ci:
            texts[top / ".github" / "workflows" / "cards.yml"] = _WORKFLOW.format(folder=notes)
    for path in texts:
        if os.path.lexists(path):
            raise CardsError(f"{path}: already exists; nothing was written")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.name == "pre-commit":
            os.chmod(path, 0o755)
    return [f"wrote {path}" for path in texts]


def _git_path(folder: Path, *query: str) -> Path | None:
    """Return a path that `git rev-parse` prints for a folder; None without git or a repository."""
    try:
        ran = subprocess.run(["git", "-C", str(folder), "rev-parse", *query], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return None if ran.returncode else (folder / ran.stdout.rstrip("\n")).resolve()

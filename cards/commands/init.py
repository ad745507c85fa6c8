"""`cards init`: a commented `cards.toml`, and git and CI told of the decks. Nothing that is there is written over."""

from __future__ import annotations

import os
import shlex
import subprocess
from importlib.resources import files
from pathlib import Path

import click

from cards.commands.options import FOLDER_THERE
from cards.commands.terminal import done, quoted, safe
from cards.model import CardsError
from cards.vault.config import NAME

_HOOK = """#!/bin/sh
# The decks are those of the notes, or the commit stops. `cards build` mends it.
exec cards build --check {folder}
"""
_WORKFLOW = """# The decks are those of the notes, or the check fails. `cards build` mends it.
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
@click.argument("folder", type=FOLDER_THERE, default=".")
@click.option("--hook", is_flag=True, help="Also a git hook that checks the decks before each commit.")
@click.option("--ci", is_flag=True, help="Also a GitHub workflow that checks them on each push.")
def command(folder: Path, hook: bool, ci: bool) -> None:
    """Write a commented cards.toml into FOLDER. That is the root of your vault."""
    for line in set_up(folder, hook=hook, ci=ci):
        click.echo(f"{done()} {safe(line)}")
    click.echo(f"\n  Next: cards build {quoted(folder)}")


def set_up(folder: Path, *, hook: bool = False, ci: bool = False) -> list[str]:
    """Write what is asked for; a sentence for each file. Raises CardsError where one is there already or can't be written."""
    try:
        return _set_up(folder, hook=hook, ci=ci)
    except OSError as error:
        raise CardsError(f"{error.filename}: can't be written: {error.strerror}") from None


def _set_up(folder: Path, *, hook: bool, ci: bool) -> list[str]:
    wanted = {folder / NAME: (files("cards.commands") / "cards.example.toml").read_text(encoding="utf-8")}
    top, hooks = _git(folder)
    if hook or ci:
        if top is None or hooks is None:
            raise CardsError(f"{folder}: is in no git repository, so nothing can be checked there; run `git init` first")
        inside = folder.resolve().relative_to(top).as_posix()
        if hook:
            wanted[hooks / "pre-commit"] = _HOOK.format(folder=shlex.quote(inside))
        if ci:
            wanted[top / ".github" / "workflows" / "cards.yml"] = _WORKFLOW.format(folder=shlex.quote(inside))
    for path in wanted:
        if os.path.lexists(path):
            raise CardsError(f"{path}: is there already; nothing was written")
    said = []
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.name == "pre-commit":
            os.chmod(path, 0o755)
        said.append(f"wrote {path}")
    return said


def _git(folder: Path) -> tuple[Path | None, Path | None]:
    """The top of the git repository around a folder, and the folder of its hooks; None where there is none."""
    found = []
    for question in ("--show-toplevel", "--git-path=hooks"):
        command = ["git", "-C", str(folder), "rev-parse", *question.split("=")]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:  # there is no git
            return None, None
        if ran.returncode:
            return None, None
        found.append((folder / ran.stdout.rstrip("\n")).resolve())
    return found[0], found[1]

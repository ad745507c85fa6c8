"""A push into a collection that no Anki has open, by Anki's own library, in a process of its own.

The process is separate since another `open` of the file, even to read it, would drop Anki's lock on it where locks belong to
processes (POSIX). What it is asked and what it answers are files, as the library may print.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cards.addon import apply
from cards.model import CardsError
from cards.sync.request import Answer, NothingDoneError, Request, decoded, encoded

_SCHEMA = 18  # which all versions of Anki keep that we know; the library would convert an older one for good
CANCELLED = "cancelled; nothing was changed"


def ask(request: Request) -> Answer:
    """Have a process of its own read or change a collection. Raises CardsError where it could not."""
    if find_spec("anki") is None:
        raise CardsError("push needs Anki's library: pip install 'takeaway-cards[anki]'")
    if not Path(request.collection).is_file():  # the library would create an empty one
        raise CardsError(f"{request.collection}: no such collection")
    with TemporaryDirectory(prefix="cards-") as folder:
        asked, answered = Path(folder, "request"), Path(folder, "answer")
        asked.write_bytes(encoded(request))
        said = run([sys.executable, "-m", "cards.sync.closed", str(asked), str(answered)])
        if not answered.is_file():
            last = (said.strip().splitlines() or ["it was ended"])[-1]
            raise CardsError(
                f"{request.collection}: the push broke off ({last}); what it had done stays, and a new push goes on"
            )
        answer = decoded(answered.read_bytes())
    if answer.error:
        raise (CardsError if answer.touched else NothingDoneError)(f"{request.collection}: {answer.error}")
    return answer


def run(command: list[str]) -> str:
    """Run a command to its end, and return what it says of errors. Interrupted, it is told so, and may still end well."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while True:
            try:
                return process.communicate()[1]
            except KeyboardInterrupt:
                if sys.platform != "win32":  # there the console tells it
                    process.send_signal(signal.SIGINT)


# -------------------------------------------------------------------------------------------------- in that process


def main(asked: str, answered: str) -> None:
    """Carry out a request that is a file, and write the answer into another."""
    said = json.loads(Path(asked).read_bytes())
    heard = signal.getsignal(signal.SIGINT)
    try:
        answer = _answer(said)
    except KeyboardInterrupt:
        answer = {"error": CANCELLED}
    finally:
        signal.signal(signal.SIGINT, heard)
    Path(answered).write_text(json.dumps(answer), encoding="utf-8")


def _answer(asked: apply.Asked) -> dict[str, Any]:
    errors = import_module("anki.errors")
    path, touched = asked["collection"], False
    if old := _older_schema(path):
        return {"error": f"an older Anki made it (schema {old}); open it in your Anki once, then push again"}

    try:
        with closing(import_module("anki.collection").Collection(path)) as opened:
            if not apply.acts(asked):
                return {"collection": apply.read(opened, asked)}
            if refused := apply.refusal(opened, asked):
                return refused
            backup = apply.back_up(opened, str(Path(path).parent / "backups"))
            touched = True
            apply.change(opened, asked)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is done
            return {"collection": apply.read(opened, asked), "backup": backup}
    except errors.DBError as error:
        return {"error": _said(error), "touched": touched}
    except (errors.AnkiException, OSError) as error:
        return {"error": f"Anki refuses: {error}", "touched": touched}


def _older_schema(path: str) -> int:
    """The schema of a collection that an older Anki made, 0 where the library can open it, or has to say why not."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as database,
    ):
        ((schema,),) = database.execute("select ver from col")
        return int(schema) if schema < _SCHEMA else 0
    return 0


def _said(error: Exception) -> str:
    if "already open" in str(error).lower():
        return "Anki has it open; close Anki and push again, or let it stay open with the add-on that `cards anki-addon` writes"
    return f"Anki can't open it ({error}); open it in Anki once"


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Pushes into the real Anki: closed, by its own library, and open, by the actions of AnkiConnect."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from msgspec.structs import replace

from cards.anki import write_package
from cards.anki.note_types import note_types
from cards.commands.watch import _push as push_once
from cards.identity.fingerprint import FIRST_MOD
from cards.model import Deck
from cards.pipeline.build import build
from cards.sync import addon, closed, live, looks, memory
from cards.sync import push as sync_push
from cards.sync.plan import RETIRED
from cards.sync.request import Answer, Request
from cards.vault.config import load
from tests.anki_connect import AnkiConnect
from tests.anki_desktop import Desktop
from tests.anki_run import anki, collection, healthy, import_deck
from tests.vaults import edit, git, refused, run, write

NOTE = (
    "---\ntags: [sea]\n---\n- **Bar:** it moves with each gale\n"
    "- **Mole:** built of **granite blocks** in two parts. It holds.\n- **Bell:** it rings in fog\n"
)
_CARDS = "select id, nid, ord, did, type, queue, due, ivl, factor, reps, lapses, left, odue, odid, flags, data from cards"


class Profile:
    """A vault, its decks and a collection, with what the user does in each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "anki" / "collection.anki2"
        with collection(self.path.parent):
            pass
        write(folder, {"v/n.md": NOTE})

    @property
    def which(self) -> list[object]:
        """The options that name the collection."""
        return ["--collection", self.path]

    def push(self, *more: str, notes: str = "v", given: str | None = None) -> Result:
        where = [notes, "-o", str(self.folder / f"d-{notes}"), *self.which]
        return run("push", *where, *more, *([] if given or "-n" in more else ["--yes"]), given=given)

    def undo(self) -> Result:
        return run("undo", "v", "-o", str(self.folder / "d-v"), *self.which, "--yes")

    def steps(self, *more: str) -> dict[str, list[str]]:
        """What a push would do: the texts of each kind of step."""
        found: dict[str, list[str]] = {}
        ran = self.push("-n", "--json", *more)
        assert ran.exit_code == 0, ran.output
        for line in ran.stdout.splitlines():
            step = json.loads(line)
            if step["id"]:
                found.setdefault(step["what"], []).append(step["text"])
        return found

    @contextmanager
    def anki(self) -> Iterator[Any]:
        with collection(self.path.parent) as opened:
            yield opened

    def look(self, query: str) -> list[Any]:
        with self.anki() as opened:
            return list(opened.db.all(query))

    def set(self, words: str, **fields: str) -> None:
        """Edit fields of a note in Anki."""
        with self.anki() as opened:
            (nid,) = opened.find_notes(words)
            note = opened.get_note(nid)
            for name, text in fields.items():
                note[name.replace("_", " ")] = text
            opened.update_note(note)

    def field(self, words: str, name: str) -> str:
        with self.anki() as opened:
            (nid,) = opened.find_notes(words)
            return str(opened.get_note(nid)[name])

    def review_all(self) -> int:
        with self.anki() as opened:
            opened.decks.select(opened.decks.id("Takeaways"))
            seen = 0
            while card := opened.sched.getCard():
                card.start_timer()
                opened.sched.answerCard(card, 4)
                seen += 1
            return seen


class LiveProfile(Profile):
    """The same, with Anki open."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.opened = anki.Collection(str(self.path))
        self.served: AnkiConnect | Desktop | None = None

    @property
    def which(self) -> list[object]:
        return []

    @contextmanager
    def anki(self) -> Iterator[Any]:
        yield self.opened

    def close(self) -> None:
        assert self.served is not None
        self.served.close()
        self.opened.close()


class OpenProfile(LiveProfile):
    """With AnkiConnect in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        self.served = self.connect = AnkiConnect(self.opened)
        monkeypatch.setenv(live.PORT, str(self.connect.port))


class AddonProfile(LiveProfile):
    """With our own add-on in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        monkeypatch.setenv("ANKI_BASE", str(folder / "base"))
        self.served = self.desktop = Desktop(self.opened, folder / "base", monkeypatch)


@pytest.fixture
def closed_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(memory.HOME, str(tmp_path / "memory"))
    return Profile(tmp_path)


@pytest.fixture
def open_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenProfile]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(memory.HOME, str(tmp_path / "memory"))
    profile = OpenProfile(tmp_path, monkeypatch)
    yield profile
    profile.close()


@pytest.fixture
def addon_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AddonProfile]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(memory.HOME, str(tmp_path / "memory"))
    profile = AddonProfile(tmp_path, monkeypatch)
    yield profile
    profile.close()


@pytest.fixture(params=["closed", "open", "addon"])
def profile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """The three ways of a push; the process that changes a closed collection is this one, which is faster."""

    def here(command: list[str]) -> str:
        closed.main(*command[-2:])
        return ""

    monkeypatch.setattr(closed, "run", here)
    found: Profile = request.getfixturevalue(f"{request.param}_profile")
    return found


def test_a_first_push_and_a_push_of_nothing(closed_profile: Profile) -> None:
    ran = closed_profile.push()
    assert ran.exit_code == 0
    assert "4 new" in ran.stdout
    with closed_profile.anki() as opened:
        assert sorted(opened.db.list("select sfld from notes"))[0] == "Bar"
        assert opened.db.scalar("select count() from cards") == 4
        assert healthy(opened) == []
    before = closed_profile.path.read_bytes()
    ran = closed_profile.push()
    assert "nothing to push" in ran.stdout
    assert closed_profile.path.read_bytes() == before


def test_a_dry_run_is_the_run(profile: Profile) -> None:
    planned = profile.push("-n", "--json").stdout
    assert profile.look("select id from notes") == []
    assert not list((profile.folder / "d-v").glob("*.apkg"))
    assert profile.push("--json").stdout == planned


def test_it_asks_once(profile: Profile) -> None:
    assert profile.push(given="n\n").exit_code != 0
    assert profile.look("select id from notes") == []
    assert profile.push(given="y\n").exit_code == 0
    assert len(profile.look("select id from notes")) == 4


def test_an_edit_on_either_side(profile: Profile) -> None:
    profile.push()
    profile.set("Front:*Bell*", Back="it rings in snow", Extra="as my father said")
    edit(profile.folder / "v" / "n.md", "each gale", "every gale")
    assert profile.steps() == {"update": ["Bar"], "keep": ["Bell"]}
    profile.push()
    assert profile.field("Front:*Bar*", "Back") == "it moves with every gale"
    assert profile.field("Front:*Bell*", "Back") == "it rings in snow"
    assert profile.steps() == {"keep": ["Bell"]}
    edit(profile.folder / "v" / "n.md", "- **Bell:**", "- **Bells:**")  # another field of the note that was edited
    profile.push()
    assert profile.field("Front:*Bells*", "Back") == "it rings in snow"
    assert profile.field("Front:*Bells*", "Extra") == "as my father said"


@pytest.mark.parametrize(
    ("option", "text", "after"),
    [(None, "rings in snow", {"keep"}), ("--ours", "rings at noon", set()), ("--theirs", "rings in snow", {"keep"})],
)
def test_an_edit_on_both_sides(profile: Profile, option: str | None, text: str, after: set[str]) -> None:
    profile.push()
    profile.set("Front:*Bell*", Back="it rings in snow")
    edit(profile.folder / "v" / "n.md", "in fog", "at noon")
    assert "changed here and in Anki" in profile.push("-n").stdout
    ran = profile.push(*([option] if option else []))
    assert ran.exit_code == 0
    assert text in profile.field("Front:*Bell*", "Back")
    assert profile.steps().keys() == after
    assert ("changed here and in Anki" in profile.push("-n").stdout) is (option is None)


def test_phrases_come_and_go(profile: Profile) -> None:
    profile.push()
    note = profile.folder / "v" / "n.md"
    edit(note, "in two parts", "in **two parts**")
    assert profile.steps() == {"update": ["Mole", "built of [granite blocks] in [two parts]."]}
    profile.push()
    ordinals = (
        "select ord from cards c join notes n on n.id = nid where sfld like '%granite%' and sfld not like 'Mole%' order by 1"
    )
    assert profile.look(ordinals) == [[0], [1]]
    edit(note, "in **two parts**", "in two parts")
    profile.push()
    edit(note, "in two parts", "in **two parts**")
    profile.push()
    assert profile.look(ordinals) == [[0], [1]]
    with profile.anki() as opened:
        assert healthy(opened) == []


def test_a_takeaway_goes_and_comes_back(profile: Profile) -> None:
    profile.push()
    profile.review_all()
    note = profile.folder / "v" / "n.md"
    edit(note, "- **Bell:** it rings in fog\n", "")
    assert profile.steps() == {"retire": ["Bell"]}
    profile.push()
    assert profile.look("select queue from cards c join notes n on n.id = nid where sfld = 'Bell'") == [[-1]]
    assert profile.steps() == {}
    note.write_text(NOTE, encoding="utf-8")
    assert profile.steps() == {"return": ["Bell"]}
    profile.push()
    with profile.anki() as opened:
        (nid,) = opened.find_notes("Front:*Bell*")
        assert RETIRED not in opened.get_note(nid).tags
        assert opened.get_note(nid).cards()[0].queue != -1
        assert opened.get_note(nid).cards()[0].reps == 1


def test_a_retired_card_that_the_user_wants_stays(profile: Profile) -> None:
    profile.push()
    edit(profile.folder / "v" / "n.md", "- **Bell:** it rings in fog\n", "")
    profile.push()
    with profile.anki() as opened:
        opened.sched.unsuspend_cards(opened.find_cards("Front:*Bell*"))
    assert profile.steps() == {}


@pytest.mark.parametrize(("given", "left"), [("1\n", 0), ("2\n", 1)])
def test_deleting_asks_for_the_number(profile: Profile, given: str, left: int) -> None:
    profile.push()
    edit(profile.folder / "v" / "n.md", "- **Bell:** it rings in fog\n", "")
    assert profile.steps("--retired", "leave") == {}
    profile.push("--retired", "delete", given=given)
    assert len(profile.look("select id from notes where sfld = 'Bell'")) == left


def test_what_the_user_deleted_in_anki_stays_away(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        opened.remove_notes(opened.find_notes("Front:*Bell*"))
    assert profile.steps() == {"away": ["Bell"]}
    profile.push()
    assert profile.look("select id from notes where sfld = 'Bell'") == []
    assert profile.steps("--ours") == {"away": ["Bell"]}


def test_a_deck_changes_and_the_users_moves_stay(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        opened.set_deck(opened.find_cards("Front:*Bell*"), opened.decks.id("Mine"))
    edit(profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    assert sorted(profile.steps()["move"])[0] == "Bar"
    profile.push()
    with profile.anki() as opened:
        decks = {opened.decks.name(did) for (did,) in opened.db.all("select did from cards")}
        assert decks == {"Harbour", "Mine"}
    assert profile.steps() == {}


def test_a_card_in_a_filtered_deck_moves_when_it_is_back(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        deck = opened.sched.get_or_create_filtered_deck(0)
        deck.name = "Cram"
        deck.config.search_terms[0].search = "Front:*Bell*"
        opened.sched.add_or_update_filtered_deck(deck)
    edit(profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    assert "Bell" not in profile.steps()["move"]
    assert profile.push().exit_code == 0
    with profile.anki() as opened:
        opened.sched.empty_filtered_deck(opened.decks.id_for_name("Cram"))
    assert profile.steps() == {"move": ["Bell"]}


def test_a_renamed_note_and_a_new_tag(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        opened.tags.bulk_add(opened.find_notes("Front:*Bell*"), "mine")
    (profile.folder / "v" / "n.md").rename(profile.folder / "v" / "Harbour.md")
    edit(profile.folder / "v" / "Harbour.md", "[sea]", "[port]")
    profile.push()
    with profile.anki() as opened:
        assert set(opened.get_note(opened.find_notes("Front:*Bell*")[0]).tags) == {"mine", "port"}
        assert "Harbour" in opened.get_note(opened.find_notes("Front:*Bell*")[0])["Context"]
    assert profile.steps() == {}


def test_no_row_of_cards_and_reviews_is_touched(profile: Profile) -> None:
    profile.push()
    assert profile.review_all() == 4
    with profile.anki() as opened:
        opened.set_config("fsrs", True)
        card = opened.get_card(opened.find_cards("Front:*Mole*")[0])
        card.flags, card.custom_data = 3, '{"a":1}'
        opened.update_card(card)
        opened.sched.bury_cards(opened.find_cards("Front:*Bar*"))
        opened.sched.suspend_cards(opened.find_cards("Front:*Bell*"))
    before = profile.look(_CARDS), profile.look("select * from revlog")
    schema = profile.look("select scm from col")
    note = profile.folder / "v" / "n.md"
    note.write_text(NOTE.replace("gale", "storm").replace("granite", "oak").replace("fog", "snow"), encoding="utf-8")
    assert set(profile.steps()) == {"update"}
    profile.push()
    assert (profile.look(_CARDS), profile.look("select * from revlog")) == before
    assert profile.look("select scm from col") == schema


def test_cards_that_came_by_a_package_are_taken_over(profile: Profile) -> None:
    run("build", "v", "-o", str(profile.folder / "d-v"))
    with profile.anki() as opened:
        import_deck(opened, profile.folder / "d-v" / "Takeaways.apkg")
    profile.set("Front:*Bell*", Back="it rings in snow")
    assert profile.steps() == {"keep": ["Bell"]}
    edit(profile.folder / "v" / "n.md", "each gale", "every gale")
    profile.push()
    assert len(profile.look("select id from notes")) == 4
    assert profile.field("Front:*Bell*", "Back") == "it rings in snow"


def test_two_vaults_in_one_profile(profile: Profile) -> None:
    write(profile.folder, {"w/m.md": "- **Chart:** it shows the bar\n"})
    profile.push()
    profile.push(notes="w")
    assert len(profile.look("select id from notes")) == 5
    assert profile.steps() == {}
    assert "nothing to push" in profile.push(notes="w").stdout


def test_pictures_come_along(profile: Profile) -> None:
    write(profile.folder, {"v/mole.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>"})
    edit(profile.folder / "v" / "n.md", "it rings in fog", "it rings in fog ![[mole.svg]]")
    profile.push()
    with profile.anki() as opened:
        assert healthy(opened) == []


def test_anki_is_open(closed_profile: Profile) -> None:
    with closed_profile.anki():
        said = refused("push", "v", "-o", str(closed_profile.folder / "d-v"), "--collection", closed_profile.path, "--yes")
    assert "Anki has it open; close Anki and push again" in said


def test_a_collection_that_changes_in_between_is_left_alone(closed_profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    ask: Callable[..., Any] = closed.ask

    def late(request: Request) -> Answer:
        if request.acts:
            with closed_profile.anki() as opened:
                opened.set_config("a", 1)
                opened.add_note(opened.new_note(opened.models.by_name("Basic")), 1)
        answer: Answer = ask(request)
        return answer

    monkeypatch.setattr(closed, "ask", late)
    ran = closed_profile.push()
    assert ran.exit_code == 2
    assert "it has changed since it was looked at; nothing was done" in ran.stderr
    assert len(closed_profile.look("select id from notes")) == 1


def test_a_note_type_with_other_fields_is_refused(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        model = opened.models.by_name("Takeaway")
        opened.models.add_field(model, opened.models.new_field("Mine"))
        opened.models.update_dict(model)
    said = refused("push", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--yes")
    assert "has the fields Front, Back, Context, Timestamps, Audio, Source, Extra, ID, Mine" in said


def add_template(opened: Any) -> None:
    model = opened.models.by_name("Takeaway")
    template = opened.models.new_template("Mine")
    template["qfmt"], template["afmt"] = "{{Back}}", "{{Front}}"
    opened.models.add_template(model, template)
    opened.models.update_dict(model)


def test_a_note_type_with_another_card_template_is_refused(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        add_template(opened)
    said = refused("push", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--yes")
    assert "has the card templates Takeaway, Mine; a push needs Takeaway" in said


def test_a_collection_of_an_older_anki_is_left_alone(closed_profile: Profile) -> None:
    closed_profile.push()
    opened = anki.Collection(str(closed_profile.path))
    opened.close(downgrade=True)
    before = closed_profile.path.read_bytes()
    said = refused("push", "v", "-o", str(closed_profile.folder / "d-v"), *closed_profile.which, "--yes")
    assert "an older Anki made it (schema 11)" in said
    assert closed_profile.path.read_bytes() == before


def test_a_push_that_is_cancelled_leaves_all_as_it_was(closed_profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_profile.push()
    rows = "select n.id, n.mod, flds, tags, c.id, c.did, c.queue, c.mod from notes n join cards c on c.nid = n.id order by 1, 5"
    before = closed_profile.look(rows)
    edit(closed_profile.folder / "v" / "n.md", "each gale", "every gale")
    edit(closed_profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    interrupted = (
        "import signal, sys; from anki.collection import Collection; from cards.sync import closed\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a program in the background ignores it
        "set_deck = Collection.set_deck\n"
        "Collection.set_deck = lambda *each: (set_deck(*each), signal.raise_signal(signal.SIGINT))\n"
        "closed.main(*sys.argv[1:])"
    )
    run_ = closed.run
    with monkeypatch.context() as patched:
        patched.setattr(closed, "run", lambda command: run_([sys.executable, "-c", interrupted, *command[-2:]]))
        assert closed.CANCELLED in refused("push", "v", "-o", str(closed_profile.folder / "d-v"), *closed_profile.which, "-y")
    assert closed_profile.look(rows) == before
    assert closed_profile.push().exit_code == 0
    assert closed_profile.field("Front:*Bar*", "Back") == "it moves with every gale"


@pytest.mark.parametrize("kind", ["open", "addon"])
def test_a_cancelled_push_into_an_open_anki_is_taken_back(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_profile: LiveProfile = request.getfixturevalue(f"{kind}_profile")
    live_profile.push()
    rows = "select n.guid, flds, tags, c.did, c.queue from notes n join cards c on c.nid = n.id order by 1"
    before = live_profile.look(rows)
    edit(live_profile.folder / "v" / "n.md", "each gale", "every gale")
    edit(live_profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    module = addon if kind == "addon" else live
    ask: Callable[[Request], Answer] = module.ask
    interrupted = [True]

    def once(asked: Request) -> Answer:
        answer = ask(asked)
        if asked.acts and interrupted:
            interrupted.clear()
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(module, "ask", once)
        assert live_profile.push().exit_code != 0
    assert interrupted == []
    assert live_profile.look(rows) == before
    assert live_profile.push().exit_code == 0
    assert live_profile.field("Front:*Bar*", "Back") == "it moves with every gale"


# ------------------------------------------------------------------------------------------------ looks and files


@contextmanager
def next_version(monkeypatch: pytest.MonkeyPatch, style: str = ".new {}") -> Iterator[None]:
    """A version of Cards with another style."""
    found = note_types()
    newer = {kind: dataclasses.replace(each, css=style, mod=each.mod + 99) for kind, each in found.items()}
    with monkeypatch.context() as patched:
        for module in (looks, sync_push, write_package):
            patched.setattr(module, "note_types", lambda: newer)
        yield


def style_of(profile: Profile) -> set[str]:
    with profile.anki() as opened:
        return {opened.models.by_name(name)["css"] for name in ("Takeaway", "Takeaway Cloze")}


def restyle(profile: Profile, style: str) -> None:
    with profile.anki() as opened:
        for name in ("Takeaway", "Takeaway Cloze"):
            opened.models.update_dict({**opened.models.by_name(name), "css": style})


def test_a_new_look_comes_with_the_next_push(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = profile.push()
    assert "the note type “Takeaway Cloze”" in ran.stdout
    first = style_of(profile)
    with profile.anki() as opened:
        schema = opened.db.scalar("select scm from col")
    with next_version(monkeypatch):
        assert "the look of the note type “Takeaway”" in profile.push("-n").stdout
        assert style_of(profile) == first
        profile.push()
        assert style_of(profile) == {".new {}"}
        assert "nothing to push" in profile.push().stdout
        profile.undo()
        assert style_of(profile) == first
        profile.push()
        assert style_of(profile) == {".new {}"}
    with profile.anki() as opened:
        assert opened.db.scalar("select scm from col") == schema


@pytest.mark.parametrize(("option", "style"), [(None, ".mine {}"), ("--theirs", ".mine {}"), ("--ours", ".new {}")])
def test_a_look_of_the_users_own_stays(
    profile: Profile, option: str | None, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile.push()
    restyle(profile, ".mine {}")
    edit(profile.folder / "v" / "n.md", "each gale", "every gale")
    assert "note type" not in profile.push().stdout  # nothing of ours is new
    assert style_of(profile) == {".mine {}"}
    with next_version(monkeypatch):
        edit(profile.folder / "v" / "n.md", "every gale", "some gales")
        ran = profile.push(*([option] if option else []))
        assert ("keeps its look in Anki" in ran.stdout) == (option is None)
        assert style_of(profile) == {style}
        assert "keeps its look in Anki" not in profile.push("-n").stdout or option is None
    assert profile.field("Front:*Bar*", "Back") == "it moves with some gales"


def test_a_file_that_does_not_arrive_is_named(closed_profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    (closed_profile.folder / "v" / "bar.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    edit(closed_profile.folder / "v" / "n.md", "each gale", "each gale ![[bar.png]]")
    assert "1 file for the cards" in closed_profile.push("-n").stdout
    monkeypatch.setattr(sync_push, "export", lambda deck, media, held: write_package.export(without_files(deck), {}, held=held))
    ran = closed_profile.push()
    assert ran.exit_code == 1
    assert re.search(r"Anki lacks: \S+\.png", ran.stdout)


def without_files(deck: Deck) -> Deck:
    return Deck(deck.name, tuple(replace(note, media=()) for note in deck.notes))


def break_off(profile: Profile, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push that dies when it comes to this step of Anki's library."""
    dying = (
        "import os, sys; from anki.collection import Collection; from cards.sync import closed\n"
        f"Collection.{step} = lambda *_, **__: os._exit(9)\n"
        "closed.main(*sys.argv[1:])"
    )
    run_ = closed.run
    with monkeypatch.context() as patched:
        patched.setattr(closed, "run", lambda command: run_([sys.executable, "-c", dying, *command[-2:]]))
        said = refused("push", "v", "-o", str(profile.folder / "d-v"), "--collection", profile.path, "--yes")
        assert "the push broke off" in said


@pytest.mark.parametrize("step", ["import_anki_package", "set_deck", "merge_undo_entries"])
def test_a_push_that_is_killed_loses_nothing(closed_profile: Profile, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_profile.push()
    closed_profile.review_all()
    closed_profile.set("Front:*Bell*", Back="it rings in snow")
    reviews = closed_profile.look("select * from revlog")
    write(closed_profile.folder, {"v/m.md": "- **Chart:** it shows the bar\n"})
    edit(closed_profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    edit(closed_profile.folder / "v" / "n.md", "each gale", "every gale")
    break_off(closed_profile, step, monkeypatch)
    assert closed_profile.look("select * from revlog") == reviews
    assert closed_profile.push().exit_code == 0
    assert closed_profile.look("select * from revlog") == reviews
    assert closed_profile.field("Front:*Bell*", "Back") == "it rings in snow"
    assert closed_profile.field("Front:*Bar*", "Back") == "it moves with every gale"
    assert len(closed_profile.look("select id from notes")) == 5
    assert closed_profile.steps() == {"keep": ["Bell"]}
    with closed_profile.anki() as opened:
        assert healthy(opened) == []


def test_a_push_that_goes_on_is_taken_back_whole(closed_profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_profile.push()
    query = "select n.guid, flds, tags, c.ord, c.did, queue, reps from notes n join cards c on c.nid = n.id order by 1, 4"
    before = closed_profile.look(query)
    write(closed_profile.folder, {"v/m.md": "- **Chart:** it shows the bar\n"})
    edit(closed_profile.folder / "v" / "n.md", "each gale", "every gale")
    edit(closed_profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    break_off(closed_profile, "set_deck", monkeypatch)
    assert closed_profile.field("Front:*Bar*", "Back") == "it moves with every gale"
    edit(closed_profile.folder / "v" / "n.md", "every gale", "some gales")
    assert "update" in closed_profile.steps()  # what the broken push delivered is no edit of the user's
    closed_profile.push()
    assert closed_profile.field("Front:*Bar*", "Back") == "it moves with some gales"
    closed_profile.undo()
    assert closed_profile.look(query) == before


@pytest.mark.parametrize("step", ["add_custom_undo_entry", "set_deck"])
def test_a_push_that_broke_off_is_taken_back(closed_profile: Profile, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_profile.push()
    edit(closed_profile.folder / "v" / "n.md", "each gale", "every gale")
    closed_profile.push()
    edit(closed_profile.folder / "v" / "n.md", "every gale", "some gales")
    edit(closed_profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    break_off(closed_profile, step, monkeypatch)
    closed_profile.undo()
    if step == "set_deck":  # it had begun, so only that is taken back
        assert closed_profile.field("Front:*Bar*", "Back") == "it moves with every gale"
        closed_profile.undo()
    assert closed_profile.field("Front:*Bar*", "Back") == "it moves with each gale"


# ------------------------------------------------------------------------------------------------------------ open


def test_a_key_is_asked_for(open_profile: OpenProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    open_profile.connect.key = "secret"
    assert "put it into the environment variable ANKICONNECT_KEY" in refused("push", "v", "-y")
    monkeypatch.setenv(live.KEY, "secret")
    assert open_profile.push().exit_code == 0


def test_a_denial_is_told(open_profile: OpenProfile) -> None:
    open_profile.connect.permission = "denied"
    assert "AnkiConnect denies access" in refused("push", "v", "-y")


@pytest.mark.parametrize("step", ["exportPackage", "changeDeck", "importPackage", "notesInfo"])
def test_an_anki_that_is_killed_loses_nothing(open_profile: OpenProfile, step: str) -> None:
    open_profile.push()
    open_profile.review_all()
    open_profile.set("Front:*Bell*", Back="it rings in snow")
    reviews = open_profile.look("select * from revlog")
    edit(open_profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    edit(open_profile.folder / "v" / "n.md", "each gale", "every gale")
    open_profile.connect.dies_at = step
    assert "AnkiConnect does not answer" in refused("push", "v", "-o", str(open_profile.folder / "d-v"), "--yes")
    open_profile.connect.dies_at = ""
    assert open_profile.push().exit_code == 0
    assert open_profile.look("select * from revlog") == reviews
    assert open_profile.field("Front:*Bell*", "Back") == "it rings in snow"
    assert open_profile.field("Front:*Bar*", "Back") == "it moves with every gale"
    assert open_profile.steps() == {"keep": ["Bell"]}


def test_a_note_in_the_editor_is_left_alone(open_profile: OpenProfile) -> None:
    open_profile.push()
    edit(open_profile.folder / "v" / "n.md", "each gale", "every gale")
    open_profile.connect.selected = list(open_profile.opened.find_notes("Front:*Bar*"))
    ran = open_profile.push()
    assert ran.exit_code == 2
    assert "close the browser" in ran.stderr
    assert open_profile.field("Front:*Bar*", "Back") == "it moves with each gale"


def test_an_import_that_an_editor_undoes_is_repeated(open_profile: OpenProfile) -> None:
    open_profile.push()
    edit(open_profile.folder / "v" / "n.md", "each gale", "every gale")
    open_profile.connect.broken = {"importPackage"}
    assert open_profile.push().exit_code == 0
    assert open_profile.field("Front:*Bar*", "Back") == "it moves with every gale"


def test_what_does_not_arrive_is_named(open_profile: OpenProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    open_profile.push()
    edit(open_profile.folder / "v" / "n.md", "each gale", "every gale")
    monkeypatch.setattr(AnkiConnect, "importPackage", lambda *_, **__: True)
    ran = open_profile.push()
    assert ran.exit_code == 1
    assert "1 card in Anki are not as planned" in ran.stdout


def test_nothing_is_deleted_during_a_review(open_profile: OpenProfile) -> None:
    open_profile.push()
    edit(open_profile.folder / "v" / "n.md", "- **Bell:** it rings in fog\n", "")
    open_profile.connect.reviewing = True
    ran = open_profile.push("--retired", "delete", given="1\n")
    assert ran.exit_code == 2
    assert "a review is under way in Anki" in ran.stderr
    assert open_profile.push().exit_code == 0
    assert "guiDeckBrowser" not in open_profile.connect.calls[-3:]


def test_an_import_is_the_last_that_is_done(open_profile: OpenProfile) -> None:
    open_profile.push()
    text = (
        NOTE.replace("[sea]", "[sea]\ndeck: Harbour")
        .replace("each gale", "every gale")
        .replace("- **Bell:** it rings in fog\n", "")
    )
    write(open_profile.folder, {"v/n.md": text})
    open_profile.connect.calls.clear()
    open_profile.push()
    acts = {"changeDeck", "suspend", "addTags", "importPackage", "exportPackage"}
    first, *_, last = [call for call in open_profile.connect.calls if call in acts]
    assert (first, last) == ("exportPackage", "importPackage")


@pytest.mark.parametrize("missing", ["guiSelectedNotes", "importPackage"])
def test_an_old_version_is_refused(open_profile: OpenProfile, missing: str) -> None:
    open_profile.connect.without = {missing}
    assert f"AnkiConnect is too old: it can't do {missing}" in refused("push", "v", "-y")


def test_another_profile_than_the_open_one(open_profile: OpenProfile) -> None:
    assert "Anki is open with the profile 'anki', not 'Work'" in refused("push", "v", "-y", "--profile", "Work")


def test_a_program_that_is_no_anki_is_not_asked(closed_profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(live.PORT, str(server.server_address[1]))
    monkeypatch.setenv("ANKI_BASE", str(closed_profile.folder / "none"))
    assert "no Anki profile here" in refused("push", "v", "-y")
    server.shutdown()
    server.server_close()


def test_ours_is_for_what_both_changed(profile: Profile) -> None:
    profile.push()
    profile.set("Front:*Bell*", Back="mine")
    assert profile.steps("--ours") == {"keep": ["Bell"]}


def test_a_new_gap_never_takes_the_number_of_the_users_own(profile: Profile) -> None:
    edit(
        profile.folder / "v" / "n.md",
        "built of **granite blocks** in two parts",
        "built of **granite blocks** in two long parts",
    )
    profile.push()
    profile.set("Text:*granite*", Text="built of {{c1::granite blocks}} in {{c2::two long}} parts.")
    reviews = profile.review_all()
    edit(profile.folder / "v" / "n.md", "in two long parts", "in two **long parts** of it")
    ran = profile.push("--ours")
    assert "1 card changed here and in Anki" in ran.stdout
    assert "{{c2::two long}}" in profile.field("Text:*granite*", "Text")
    assert len(profile.look("select id from revlog")) == reviews


def test_what_the_user_suspended_before_stays_so(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        opened.sched.suspend_cards(opened.find_cards("Front:*Bell*"))
    note = profile.folder / "v" / "n.md"
    edit(note, "- **Bell:** it rings in fog\n", "")
    profile.push()
    note.write_text(NOTE, encoding="utf-8")
    profile.push()
    assert profile.look("select queue, tags from cards c join notes n on n.id = nid where sfld = 'Bell'") == [[-1, " sea "]]


def test_a_retired_card_without_its_tag_is_left_alone(profile: Profile) -> None:
    profile.push()
    edit(profile.folder / "v" / "n.md", "- **Bell:** it rings in fog\n", "")
    profile.push()
    with profile.anki() as opened:
        opened.sched.unsuspend_cards(opened.find_cards("Front:*Bell*"))
        opened.tags.bulk_remove(opened.find_notes("Front:*Bell*"), RETIRED)
    assert profile.steps() == {}


def test_what_a_push_deleted_comes_back_with_its_takeaway(profile: Profile) -> None:
    profile.push()
    note = profile.folder / "v" / "n.md"
    edit(note, "- **Bell:** it rings in fog\n", "")
    profile.push("--retired", "delete", given="1\n")
    note.write_text(NOTE, encoding="utf-8")
    assert profile.steps() == {"add": ["Bell"]}


def test_an_import_that_the_user_never_touched_is_no_edit(profile: Profile) -> None:
    run("build", "v", "-o", str(profile.folder / "d-v"))
    with profile.anki() as opened:
        import_deck(opened, profile.folder / "d-v" / "Takeaways.apkg")
    profile.set("Front:*Bell*", Back="mine")
    with profile.anki() as opened:  # before the takeaway changes
        opened.db.execute("update notes set mod = ? where sfld = 'Bell'", FIRST_MOD + 1)
    edit(profile.folder / "v" / "n.md", "each gale", "every gale")
    edit(profile.folder / "v" / "n.md", "in fog", "in thick fog")
    assert profile.steps() == {"update": ["Bar"], "keep": ["Bell"]}
    assert "1 card changed here and in Anki" in profile.push("-n").stdout
    assert not run("edits", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--patch").stdout


def test_a_collection_that_was_restored_gets_it_again(closed_profile: Profile) -> None:
    closed_profile.push()
    before = closed_profile.path.read_bytes()
    edit(closed_profile.folder / "v" / "n.md", "each gale", "every gale")
    write(closed_profile.folder, {"v/m.md": "- **Chart:** it shows the bar\n"})
    planned = closed_profile.steps()
    assert planned == {"update": ["Bar"], "add": ["Chart"]}
    closed_profile.push()
    closed_profile.path.write_bytes(before)
    assert closed_profile.steps() == planned


def test_names_are_compared_as_anki_does(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        opened.tags.bulk_add(opened.find_notes("Front:*Mole*"), "Cards::Retired")
        opened.tags.bulk_remove(opened.find_notes("Front:*Mole*"), "Cards::Retired")
    note = profile.folder / "v" / "n.md"
    note.write_text(
        NOTE.replace("[sea]", "[sea]\ndeck: takeaways").replace("- **Bell:** it rings in fog\n", ""), encoding="utf-8"
    )
    assert profile.push().exit_code == 0
    assert profile.steps() == {}
    note.write_text(NOTE, encoding="utf-8")
    assert profile.steps() == {"return": ["Bell"]}
    assert profile.push().exit_code == 0
    assert profile.look("select queue from cards c join notes n on n.id = nid where sfld = 'Bell'") != [[-1]]


def test_a_gap_that_the_user_took_out_stays_out(profile: Profile) -> None:
    edit(profile.folder / "v" / "n.md", "in two parts", "in **two parts**")
    profile.push()
    with profile.anki() as opened:
        text = opened.get_note(opened.find_notes("Text:*granite*")[0])["Text"]
        assert "{{c2::two parts}}" in text
    profile.set("Text:*granite*", Text=text.replace("{{c2::two parts}}", "two parts"))
    with profile.anki() as opened:
        opened.remove_cards_and_orphaned_notes(opened.find_cards("Text:*granite* card:2"))
    assert set(profile.steps()) == {"keep"}


# ------------------------------------------------------------------------------------------------------------ undo


def test_an_undo_leaves_a_new_card_that_the_user_took_up(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        opened.tags.bulk_add(opened.find_notes("Front:*Bell*"), "mine")
        opened.set_deck(opened.find_cards("Front:*Bar*"), opened.decks.id("Mine"))
        opened.sched.suspend_cards(opened.find_cards("Text:*granite*"))
    said = profile.undo().stdout
    assert "Bell stays: it was edited since" in said
    assert "Bar stays: its cards were changed since" in said
    assert len(profile.look("select id from notes")) == 3


def test_an_undo_leaves_what_was_reviewed_since_its_return(profile: Profile) -> None:
    profile.push()
    note = profile.folder / "v" / "n.md"
    edit(note, "- **Bell:** it rings in fog\n", "")
    profile.push()
    note.write_text(NOTE, encoding="utf-8")
    profile.push()
    profile.review_all()
    assert "Bell stays: it was reviewed since" in profile.undo().stdout
    assert profile.look("select queue > 0, tags from cards c join notes n on n.id = nid where sfld = 'Bell'") == [[1, " sea "]]


def test_an_undo_leaves_off_a_tag_that_was_taken_off_since(profile: Profile) -> None:
    profile.push()
    with profile.anki() as opened:
        opened.tags.bulk_add(opened.find_notes("Front:*Bar*"), "mine")
    edit(profile.folder / "v" / "n.md", "each gale", "every gale")
    profile.push()
    with profile.anki() as opened:
        opened.tags.bulk_remove(opened.find_notes("Front:*Bar*"), "mine")
    profile.undo()
    assert profile.look("select tags from notes where sfld = 'Bar'") == [[" sea "]]


def test_an_undo_names_the_empty_card_that_it_leaves(profile: Profile) -> None:
    profile.push()
    edit(profile.folder / "v" / "n.md", "in two parts", "in **two parts**")
    profile.push()
    assert "left an empty card" in profile.undo().stdout


def test_a_push_that_is_refused_leaves_the_undo_of_the_last(profile: Profile) -> None:
    profile.push()
    edit(profile.folder / "v" / "n.md", "each gale", "every gale")
    profile.push()
    with profile.anki() as opened:
        opened.decks.new_filtered("Harbour")
    edit(profile.folder / "v" / "n.md", "tags: [sea]", "tags: [sea]\ndeck: Harbour")
    ran = profile.push()
    assert "filtered deck" in ran.stderr
    assert ran.exit_code == 2
    profile.undo()
    assert "each gale" in profile.field("Front:*Bar*", "Back")


def test_an_undo_takes_all_back(profile: Profile) -> None:
    profile.push()
    profile.review_all()
    with profile.anki() as opened:
        opened.tags.bulk_add(opened.find_notes("Front:*Bar*"), "mine")
    query = "select n.guid, flds, tags, c.ord, c.did, queue, reps from notes n join cards c on c.nid = n.id order by 1, 4"
    before, reviews = profile.look(query), profile.look("select * from revlog")
    write(profile.folder, {"v/m.md": "- **Chart:** it shows the bar\n"})
    text = NOTE.replace("gale", "storm").replace("- **Bell:** it rings in fog\n", "").replace("[sea]", "[port]\ndeck: Harbour")
    (profile.folder / "v" / "n.md").write_text(text, encoding="utf-8")
    assert set(profile.steps()) == {"add", "update", "move", "retire"}
    planned = profile.push("-n", "--json").stdout
    profile.push()
    assert profile.look(query) != before
    assert profile.undo().exit_code == 0
    assert profile.look(query) == before
    assert profile.look("select * from revlog") == reviews
    assert profile.push("-n", "--json").stdout == planned
    assert "no push of these decks to take back" in refused(
        "undo", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--yes"
    )


def test_an_undo_leaves_what_was_done_since(profile: Profile) -> None:
    profile.push()
    profile.review_all()
    profile.set("Front:*Bar*", Back="mine")
    ran = profile.undo()
    assert "it was reviewed since" in ran.stdout
    assert len(profile.look("select id from notes")) == 4
    assert profile.field("Front:*Bar*", "Back") == "mine"


# ----------------------------------------------------------------------------------------------------------- edits


def test_edits_come_back_as_a_patch(profile: Profile) -> None:
    git(profile.folder, "init", "-q")
    note = profile.folder / "v" / "n.md"
    note.write_bytes(NOTE.replace("\n", "\r\n").encode())
    profile.push()
    profile.set("Front:*Bell*", Back="it rings in thick fog")
    profile.set("Front:*Mole*", Front='<div class="label" dir="auto">The mole</div>')
    profile.set("Text:*granite*", Text="built of {{c1::big granite blocks}} in two parts.")
    profile.set("Front:*Bar*", Back="something <b>else</b> altogether", Context="mine")
    where = ["v", "-o", str(profile.folder / "d-v"), *profile.which]
    said = run("edits", *where).stdout
    assert "- it rings in fog\n    + it rings in thick fog" in said
    ran = run("edits", *where, "--patch")
    assert "not in the patch: it is not text of the takeaway" in ran.stderr
    (profile.folder / "edits.patch").write_bytes(ran.stdout_bytes)
    git(profile.folder / "v", "apply", "--unidiff-zero", "../edits.patch")
    expected = NOTE.replace("in fog", "in thick fog").replace("**Mole:**", "**The mole:**")
    expected = expected.replace("**granite blocks**", "**big granite blocks**").replace(
        "it moves with each gale", "something else altogether"
    )
    assert note.read_bytes().decode().replace("\r\n", "\n") == expected
    assert b"\r\n" in note.read_bytes()
    profile.push()
    kept = [json.loads(line)["kept"] for line in profile.push("-n", "--json").stdout.splitlines()]
    assert kept == [["back", "context"], ["front"]]
    assert "changed here and in Anki" not in profile.push("-n").stdout


def test_an_edit_that_would_cost_a_card_its_reviews_is_no_patch(profile: Profile) -> None:
    profile.push()
    profile.set(
        "Front:*Bell*", Front='<div class="label" dir="auto">What does the horn do</div>', Back="hoots loudly all night"
    )
    ran = run("edits", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--patch")
    assert "not in the patch: the note would give another card" in ran.stderr


def test_an_edit_that_changes_other_cards_is_no_patch(profile: Profile) -> None:
    write(profile.folder, {"v/n.md": "- **Harbour:** it lies in the north\n  - **Bar:** it moves with each gale\n"})
    profile.push()
    profile.set("Front:*Harbour*", Front='<div class="label" dir="auto">Old harbour</div>')
    ran = run("edits", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--patch")
    assert "not in the patch: the note would give another card" in ran.stderr


def test_no_blank_is_left_where_words_went(profile: Profile) -> None:
    profile.push()
    profile.set("Front:*Bell*", Back="it rings")
    ran = run("edits", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--patch")
    assert "+- **Bell:** it rings\n" in ran.stdout


@pytest.mark.parametrize(
    ("front", "back", "reason"),
    [
        ("", "<b>it</b> rings in fog", "only its formatting changed"),
        ("", "it rings in fog <i>and</i> in snow, **I** think", "the note would give another card"),
        ("", "", "the note would give another card"),
        ("", "it {{c1::rings}} in thick fog", "its gaps changed"),
        ("", "it rings in thick fog<br>and snow", "its layout changed, not only its text"),
    ],
)
def test_an_edit_that_the_note_cannot_follow_is_listed(profile: Profile, front: str, back: str, reason: str) -> None:
    profile.push()
    profile.set("Front:*Bell*", Back=back)
    ran = run("edits", "v", "-o", str(profile.folder / "d-v"), *profile.which, "--patch")
    assert f"not in the patch: {reason}" in ran.stderr
    assert not ran.stdout


# -------------------------------------------------------------------------------------------------------- profiles


def test_the_only_profile_is_found(closed_profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANKI_BASE", str(closed_profile.folder / "base"))
    assert "no Anki profile here" in refused("push", "v", "--yes")
    with collection(closed_profile.folder / "base" / "User 1"):
        pass
    assert run("push", "v", "--yes").exit_code == 0
    with collection(closed_profile.folder / "base" / "Work"):
        pass
    said = refused("push", "v", "--yes")
    assert "there are 2 Anki profiles; name one with --profile: User 1, Work" in said
    assert "nothing to push" in run("push", "v", "--yes", "--profile", "User 1").stdout
    assert "no Anki profile 'Home'" in refused("push", "v", "--yes", "--profile", "Home")


def test_a_watch_pushes(closed_profile: Profile) -> None:
    config = load((Path("v"),), closed_profile.folder / "d-v", None, None)

    def pushed() -> str:
        return push_once(config, build(config, keep_cards=True).result, None, closed_profile.path)

    assert pushed() == "  pushed: 4 new"
    assert pushed() == "  pushed: nothing new"
    edit(closed_profile.folder / "v" / "n.md", "each gale", "every gale")
    with closed_profile.anki():
        assert pushed().startswith(f"  not pushed: {closed_profile.path}: Anki has it open; close Anki and push again")
    assert pushed() == "  pushed: 1 updated"

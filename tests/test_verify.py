"""`cards verify`: what it says of an import is what the real Anki does, and the user's collection is only ever copied."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cards.model import CardsError
from cards.verify import trial as room
from cards.verify.trial import verify
from cards.verify.verdict import KINDS, OPTIONS, Finding, Trial, Tried, Verdict, as_json, lines
from tests import vaults
from tests.test_anki_updates import START, answer_all
from tests.vaults import built, packed, unpacked, write

anki_run = pytest.importorskip("tests.anki_run")

DEFAULTS, MERGED = OPTIONS
SEA = """\
- **Depth:** the channel is four fathoms deep at the ebb
- **Who:** the pilot knows the **banks by name** and the **currents by hour** all year. He never looks at a chart.
"""
DEEPER = SEA.replace("four fathoms", "five fathoms")

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A deck of one note at a step of its life: later steps know the ledger of those before."""

    def made(text: str = SEA, step: int = 0) -> Path:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(START + 100 * step))
        (written,) = built(write(tmp_path / "notes", {"Sea.md": text}), tmp_path / "decks").decks
        return Path(shutil.copyfile(written.path, tmp_path / f"sea-{step}.apkg"))

    return made


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def profile(folder: Path, package: Path, edit: Callable[[Any], object] = lambda opened: None) -> Path:
    """A user's profile that has imported the package, answered every card, and edited something."""
    with anki_run.collection(folder) as opened:
        anki_run.import_deck(opened, package)
        assert answer_all(opened)
        edit(opened)
    return folder


def altered(package: Path, *statements: str, media: dict[str, bytes] | None = None) -> Path:
    """A copy of a package with its database changed by SQL, or with other media."""
    out = vaults.altered(package, package.with_name("altered.apkg"), statements)
    if media is None:
        return out
    files = {"collection.anki2": unpacked(out)["collection.anki2"], "media": json.dumps(dict(enumerate(media))).encode()}
    return packed(out, files | {str(number): content for number, content in enumerate(media.values())})


def trials(package: Path, against: Path | None = None) -> dict[str, Trial]:
    (deck,) = verify([package], against).decks
    assert [trial.options for trial in deck.trials] == [DEFAULTS, MERGED]
    return {trial.options: trial for trial in deck.trials}


def kinds(trial: Trial) -> set[str]:
    return {finding.kind for finding in trial.findings}


# ------------------------------------------------------------------------------------------------------- no harm


def test_a_new_deck(make: Make, capfd: pytest.CaptureFixture[str]) -> None:
    package = make()
    verdict = verify([package])
    assert verdict.decks == (Tried(package, (Trial(DEFAULTS, new=3), Trial(MERGED, new=3))),)
    assert (verdict.harm, verdict.harms, verdict.against) == (False, (), None)
    assert capfd.readouterr() == ("", "")
    head, *rows, empty, outcome = lines(verdict)
    columns = "new updated left alone conflicting empty cards emptied missing media rewritten own words full sync"
    assert head.split() == f"{package} {columns}".split()
    assert [row.split()[-10:] for row in rows] == ["3 0 0 0 0 0 0 0 0 no".split()] * 2
    assert {len(row) for row in rows} == {len(head)}
    assert empty == ""
    assert outcome.startswith("no harm would be done (each deck imported twice into an empty collection, Anki ")


def test_an_update_of_reviewed_cards_is_told_and_no_harm(make: Make, tmp_path: Path) -> None:
    user = profile(tmp_path / "user", make())
    newer = make(DEEPER + "- **Tide:** it turns at noon\n", 1)
    verdict = verify([newer], user)
    assert not verdict.harm
    for trial in verdict.decks[0].trials:
        assert (trial.new, trial.updated, trial.left_alone) == (1, 1, 2)
        (finding,) = trial.findings
        assert (finding.kind, finding.words) == ("rewritten", "Depth")
        assert finding.was == "the channel is four fathoms deep at the ebb"
        assert finding.now == "the channel is five fathoms deep at the ebb"
    told = "\n".join(lines(verdict))
    assert told.count("warning: a note with reviews changes its text; the reviews stay\n") == 1
    assert f"\n    ID:{finding.guid}  Depth  “{finding.was}” → “{finding.now}”\n" in told
    assert "harm:" not in told


@pytest.mark.parametrize("forgotten", ["delete from revlog", "update cards set reps = 0"])
def test_either_sign_of_a_review_counts(make: Make, tmp_path: Path, forgotten: str) -> None:
    user = profile(tmp_path / "user", make(), lambda opened: opened.db.execute(forgotten))
    assert trials(make(DEEPER, 1), user)[DEFAULTS].count("rewritten") == 1


def test_the_same_deck_again_is_left_alone(make: Make, tmp_path: Path) -> None:
    user = profile(tmp_path / "user", make())
    assert list(trials(make(), user).values()) == [Trial(DEFAULTS, left_alone=3), Trial(MERGED, left_alone=3)]


def test_cards_without_reviews_are_updated_without_a_warning(make: Make, tmp_path: Path) -> None:
    with anki_run.collection(tmp_path / "user") as opened:
        anki_run.import_deck(opened, make())
    assert trials(make(DEEPER, 1), tmp_path / "user")[DEFAULTS] == Trial(DEFAULTS, updated=1, left_alone=2)


@pytest.mark.parametrize(("second", "left_alone"), [(150, 3), (50, 2)], ids=["edit is newer", "deck is newer"])
def test_an_edit_of_the_users(make: Make, tmp_path: Path, second: int, left_alone: int) -> None:
    def edit(opened: Any) -> None:
        note = opened.get_note(opened.db.scalar("select id from notes where flds like '%four fathoms%'"))
        note["Back"], note["Extra"] = "my own words", "four fathers"
        opened.update_note(note)
        opened.db.execute("update notes set mod = ? where id = ?", START + second, note.id)

    user = profile(tmp_path / "user", make(), edit)
    for trial in trials(make(DEEPER, 1), user).values():
        assert trial.left_alone == left_alone
        told = [(finding.kind, finding.words, finding.was, finding.now) for finding in trial.findings]
        now = "the channel is five fathoms deep at the ebb"
        assert (
            told
            == [
                ("rewritten", "Depth", "my own words", now),
                ("own words", "Depth · Back", "my own words", now),
                ("own words", "Depth · Extra", "four fathers", "nothing"),
            ][: 3 * (3 - left_alone)]
        )


def test_long_texts_are_shown_from_where_they_part(make: Make, tmp_path: Path) -> None:
    long = "it goes " + "on and " * 30 + "ends in the {} sea"
    user = profile(tmp_path / "user", make(f"- **Road:** {long.format('blue')}\n"))
    (finding,) = trials(make(f"- **Road:** {long.format('grey')}\n", 1), user)[DEFAULTS].findings
    assert (finding.was, finding.now) == ("…and on and ends in the blue sea", "…and on and ends in the grey sea")


def test_a_collection_of_an_older_anki(make: Make, tmp_path: Path) -> None:
    user = profile(tmp_path / "user", make())
    opened = anki_run.anki.Collection(str(user / "collection.anki2"))
    opened.close(downgrade=True)
    assert trials(make(), user)[MERGED] == Trial(MERGED, left_alone=3)


# ---------------------------------------------------------------------------------------------------------- harm


def test_a_field_that_the_user_removed(make: Make, tmp_path: Path) -> None:
    def edit(opened: Any) -> None:
        note_type = opened.models.by_name("Takeaway")
        opened.models.remove_field(note_type, note_type["flds"][4])
        opened.models.update_dict(note_type)

    user = profile(tmp_path / "user", make(), edit)
    verdict = verify([make(DEEPER, 1)], user)
    defaults, merged = verdict.decks[0].trials
    # two of the three are of the changed note type: the deck's goes beside it, and they stay as they are
    assert (kinds(defaults), defaults.count("conflicting")) == ({"conflicting", "other note type"}, 2)
    assert {finding.words for finding in defaults.findings if finding.kind == "conflicting"} == {"Depth", "Who"}
    assert all(finding.guid for finding in defaults.findings if finding.kind == "conflicting")
    assert kinds(merged) == {"full sync"}
    assert verdict.harms == ("full sync", "conflicting")
    told = "\n".join(lines(verdict))
    assert f"harm ({MERGED}): a full sync is forced" in told
    assert f"harm ({DEFAULTS}): Anki has the note with another note type, and does not update it (2 times)" in told
    assert [line.split()[-1] for line in lines(verdict)[1:3]] == ["no", "yes"]


def test_a_field_that_the_user_added(make: Make, tmp_path: Path) -> None:
    def edit(opened: Any) -> None:
        note_type = opened.models.by_name("Takeaway")
        opened.models.add_field(note_type, opened.models.new_field("Mine"))
        opened.models.update_dict(note_type)
        opened.db.execute("update notes set mod = ?", START)

    user = profile(tmp_path / "user", make(), edit)
    found = trials(make(DEEPER, 1), user)
    assert kinds(found[DEFAULTS]) == {"conflicting", "other note type"}
    # merged, the field stays, and the deck's text arrives: an empty field more is not another text
    assert (kinds(found[MERGED]), found[MERGED].count("rewritten"), found[MERGED].updated) == ({"rewritten", "own words"}, 1, 1)


def test_a_note_of_another_note_type(make: Make, tmp_path: Path) -> None:
    def edit(opened: Any) -> None:
        (old,) = opened.find_notes("fathoms")
        note = opened.new_note(opened.models.by_name("Basic"))
        note["Front"], note.guid = "my own card", opened.get_note(old).guid
        opened.remove_notes([old])
        opened.add_note(note, opened.decks.id("Default"))
        opened.db.execute("update notes set mod = ? where id = ?", START, note.id)

    user = profile(tmp_path / "user", make(), edit)
    found = trials(make(DEEPER, 1), user)
    (conflict,) = found[DEFAULTS].findings
    assert (conflict.kind, conflict.words) == ("conflicting", "Depth")
    # Anki mixes the two note types, and the card of another note becomes the second one of it
    assert {"full sync", "moved", "emptied"} <= kinds(found[MERGED])
    (moved,) = (finding for finding in found[MERGED].findings if finding.kind == "moved")
    assert (moved.words, moved.was, moved.now) == ("Who", "card 1 in Takeaways", "card 2 in Takeaways")


def test_a_phrase_that_lost_its_gap(make: Make, tmp_path: Path) -> None:
    user = profile(tmp_path / "user", make())
    newer = make(SEA.replace("**banks by name**", "banks by name"), 1)
    for trial in trials(newer, user).values():
        (empty,) = (finding for finding in trial.findings if finding.kind == "emptied")
        assert not empty.harm  # an ordinary edit
        assert empty.now == "card 1 in Takeaways"
        assert empty.words == "the pilot knows the banks by name and the [currents by hour…"
    told = "\n".join(lines(verify([newer], user)))
    assert "[currents by hour…  card 1 in Takeaways\n" in told
    assert "    ID:" + empty.guid + "  “the pilot knows the [banks by name]" in told  # its first words are not said twice
    # to others the deck is new, and an empty card that is there already is not this import's
    assert trials(newer)[DEFAULTS] == Trial(DEFAULTS, new=3)
    with anki_run.collection(user) as opened:
        anki_run.import_deck(opened, newer)
    assert trials(newer, user)[DEFAULTS] == Trial(DEFAULTS, left_alone=3)


def test_gaps_that_change_numbers(make: Make, tmp_path: Path) -> None:
    user = profile(tmp_path / "user", make())
    swapped = "replace(replace(replace(flds, '{{c1', '{{c9'), '{{c2', '{{c1'), '{{c9', '{{c2')"
    newer = altered(make(), f"update notes set mod = mod + 1, flds = {swapped} where flds like '%{{{{c1%'")
    for trial in trials(newer, user).values():
        found = [(each.was, each.now) for each in trial.findings if each.kind == "renumbered"]
        assert found == [("c1 banks by name", "c1 currents by hour"), ("c2 currents by hour", "c2 banks by name")]


def test_notes_without_cards(make: Make) -> None:
    verdict = verify([altered(make(), "delete from cards where ord = 0 and nid = (select min(nid) from cards)")])
    assert verdict.harms == ("no card",)
    assert verdict.decks[0].trials[0].findings[0].guid


def does_more(monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Have each import do something that Anki does not."""
    imported = room._imported

    def more(opened: Any, package: Path, options: str) -> Any:
        log = imported(opened, package, options)
        opened.db.execute(statement)
        return log

    monkeypatch.setattr(room, "_imported", more)


HARM = {
    "delete from revlog where cid = (select max(cid) from revlog)": "reviews lost",
    "update revlog set id = id + 1000000": "reviews lost",
    "delete from cards where id = (select max(cid) from revlog)": "deleted",
    "update cards set did = 1": "moved",
    "update cards set ivl = 77": "rescheduled",
    "update cards set reps = 0": "rescheduled",
    "update col set scm = scm + 1": "full sync",
}


def test_harm_that_anki_never_does_would_be_told(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = profile(tmp_path / "user", make())
    for statement, kind in HARM.items():
        with monkeypatch.context() as patched:
            does_more(patched, statement)
            assert verify([make()], user).harms[0] == kind, statement


@pytest.mark.parametrize(
    ("statement", "notes"),
    [
        ("update notes set tags = tags || ' x'", 3),
        ("update cards set due = due + 1", 3),
        ("update notetypes set name = name || '+'", 0),
    ],
)
def test_a_second_import_must_change_nothing(make: Make, monkeypatch: pytest.MonkeyPatch, statement: str, notes: int) -> None:
    does_more(monkeypatch, statement)
    found = [finding for finding in trials(make())[DEFAULTS].findings if finding.kind == "second import"]
    assert (len(found), sum(bool(finding.guid) for finding in found)) == (notes or 1, notes)


# --------------------------------------------------------------------------------------------------------- media


def test_missing_media(make: Make, tmp_path: Path) -> None:
    write(tmp_path, {"notes/a wave.png": b"\x89PNG\r\n\x1a\n"})
    whole = make("- **Wave:** it breaks ![[a wave.png]]\n")
    (name,) = json.loads(unpacked(whole)["media"]).values()
    assert not verify([whole]).harm
    package = altered(whole, media={})
    verdict = verify([package])
    assert verdict.harms == ("missing media",)
    for trial in verdict.decks[0].trials:
        (finding,) = trial.findings
        assert (finding.words, finding.now) == ("Wave", name)
        assert finding.guid
    # what the user has already is not missing, and what the user misses is not the deck's
    user = profile(tmp_path / "user", altered(whole, "update notes set guid = 'x'", media={}))
    assert verify([package], user).harms == ("missing media",)
    (user / "collection.media" / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert not verify([package], user).harm
    (user / "collection.media" / name).unlink()
    assert not verify([whole], user).harm


def test_the_names_of_missing_media(make: Make) -> None:
    fields = '<img src="a &amp; b.png"> [sound:c%20d.mp3] <img src="https://e/f.png"> [latex]g[/latex]'
    package = altered(make(), f"update notes set flds = replace(flds, 'four', '{fields}')")
    found = [(finding.now, finding.words) for finding in trials(package)[DEFAULTS].findings]
    assert found == [("a & b.png", "Depth"), ("c%20d.mp3", "Depth")]


# ------------------------------------------------------------------------------------------ packages, untrusted


def test_no_package(make: Make, tmp_path: Path) -> None:
    whole = make().read_bytes()
    rotten = bytearray(whole)
    rotten[len(whole) // 2] ^= 0xFF
    contents = {"text": b"just text", "nothing": b"", "cut": whole[: len(whole) // 2], "rotten": bytes(rotten)}
    write(tmp_path, {f"{name}.apkg": content for name, content in contents.items()})
    packed(tmp_path / "zip.apkg", {"word/document.xml": b"<w/>"})
    packed(tmp_path / "damaged.apkg", {"collection.anki2": b"SQLite format 3\0" + b"x" * 5000})
    for name in (*contents, "zip", "damaged", "absent"):
        with pytest.raises(CardsError, match=rf"{name}\.apkg: is not an Anki package"):
            verify([tmp_path / f"{name}.apkg"])


@pytest.mark.parametrize("latest", [False, True])
def test_a_package_that_unpacks_to_too_much(make: Make, monkeypatch: pytest.MonkeyPatch, latest: bool) -> None:
    import zstandard

    monkeypatch.setattr(room, "_LARGEST", 3_000_000)
    package = make()
    assert not verify([package]).harm
    content = b"\0" * 4_000_000
    if latest:
        of_latest = {"collection.anki21b": zstandard.compress(content), "media": zstandard.compress(b"")}
        packed(package, {"meta": b"\x08\x03", "collection.anki2": b"", **of_latest})
    else:
        with zipfile.ZipFile(package, "a", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr("0", content)
    assert package.stat().st_size < 1_000_000
    with pytest.raises(CardsError, match="is too large"):
        verify([package])


@pytest.mark.parametrize("legacy", [True, False])
def test_a_deck_that_anki_exported(make: Make, tmp_path: Path, legacy: bool) -> None:
    with anki_run.collection(profile(tmp_path / "user", make())) as opened:
        exported = anki_run.export(opened, tmp_path / "exported.apkg", legacy=legacy)
    for against in (None, tmp_path / "user"):
        found = verify([exported], against)
        assert not found.harm
        assert [trial.new + trial.left_alone for trial in found.decks[0].trials] == [3, 3]


@pytest.mark.parametrize(
    ("statements", "media", "why"),
    [
        ((), {"../evil.png": b""}, "not a valid .apkg file"),
        (("update notes set flds = 'one'",), None, "note has 1 fields, expected 8"),
        (("update cards set ord = -1",), None, "OutOfRange"),
    ],
)
def test_a_deck_that_anki_refuses(make: Make, statements: tuple[str, ...], media: dict[str, bytes] | None, why: str) -> None:
    verdict = verify([altered(make(), *statements, media=media)])
    assert verdict.harms == ("refused",)
    told = lines(verdict)
    assert told[3] == "  harm: Anki refuses the deck"
    assert why in told[4]


# ------------------------------------------------------------------------------------- the user's own collection


def untouched(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_collection_is_only_copied(make: Make, tmp_path: Path, temporary: Path) -> None:
    user = profile(tmp_path / "user", make())
    (user / "collection.media" / "mine.png").write_bytes(b"mine")
    package = make(DEEPER, 1)
    before, folders = untouched(user), sorted(user.rglob("*"))
    given = user / "collection.anki2"
    assert verify([package], user).decks == verify([package], given).decks
    assert (untouched(user), sorted(user.rglob("*"))) == (before, folders)
    assert list(temporary.iterdir()) == []


def test_an_open_anki(make: Make, tmp_path: Path) -> None:
    with anki_run.collection(tmp_path / "user") as opened:
        anki_run.import_deck(opened, make())
        answer_all(opened)
        assert (tmp_path / "user" / "collection.anki2-wal").stat().st_size
        before = untouched(tmp_path / "user")
        found = trials(make(DEEPER, 1), tmp_path / "user")
        assert kinds(found[DEFAULTS]) == {"rewritten"}  # what stands only in the log beside the collection is known
        assert untouched(tmp_path / "user") == before


def test_a_collection_that_changes_while_it_is_copied(
    make: Make, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = profile(tmp_path / "user", make())
    copy = shutil.copyfile

    def slow(source: str, target: Path) -> Path:
        Path(f"{source}-wal").write_bytes(b"an Anki was opened")
        return Path(copy(source, target))

    monkeypatch.setattr(shutil, "copyfile", slow)
    with pytest.raises(CardsError, match="changed while it was copied: close Anki and try again"):
        verify([tmp_path / "sea-0.apkg"], user)
    assert list(temporary.iterdir()) == []


def test_a_torn_collection(make: Make, tmp_path: Path, temporary: Path) -> None:
    path = profile(tmp_path / "user", make()) / "collection.anki2"
    whole = path.read_bytes()
    for torn in (whole[: len(whole) // 2], b"no database at all" * 500, whole[:8192] + b"\xff" * 4096 + whole[12288:]):
        path.write_bytes(torn)
        with pytest.raises(CardsError, match=r"a copy of it (can't be opened|is damaged).*: close Anki and try again"):
            verify([make()], path)
    assert list(temporary.iterdir()) == []


def test_no_collection_there(make: Make, tmp_path: Path) -> None:
    for against in (tmp_path, tmp_path / "absent.anki2"):
        with pytest.raises(CardsError, match=r"there is no collection\.anki2"):
            verify([make()], against)


def test_the_words_of_anki() -> None:
    assert room._sentence(ValueError("no\nfile \u2068a.png\u2069")) == "no file a.png"
    assert room._sentence(OSError()) == "OSError"


def test_without_anki(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    package = make()
    monkeypatch.setitem(sys.modules, "anki.collection", None)
    with pytest.raises(CardsError, match=r"needs the real Anki: pip install 'takeaway-cards\[anki\]'"):
        verify([package])


# --------------------------------------------------------------------------------------------------------- words


@pytest.fixture
def verdict() -> Verdict:
    many = tuple(Finding("rewritten", f"g{number}", "words", "old", "new") for number in range(20))
    trial = Trial(DEFAULTS, 1, 20, 300, (*many, Finding("full sync"), Finding("missing media", now="a.png")))
    return Verdict((Tried(Path("a.apkg"), (trial, Trial(MERGED))),), Path("user"), "26.09")


def test_many_findings_are_cut_short(verdict: Verdict) -> None:
    told = lines(verdict)
    assert sum("“old” → “new”" in line for line in told) == 12
    assert "    and 8 more" in told
    assert f"  warning ({DEFAULTS}): {KINDS['rewritten']} (20 times)" in told
    # the worst first
    heads = [line.split(" (")[0].strip() for line in told if line.startswith(("  harm", "  warning"))]
    assert heads == ["harm", "harm", "warning"]
    assert told[-1] == (
        "harm would be done: full sync, missing media (each deck imported twice into a copy of user, Anki 26.09)"
    )


def test_as_json(verdict: Verdict) -> None:
    told = json.load(io.StringIO(json.dumps(as_json(verdict))))
    assert (told["harm"], told["harms"], told["against"]) == (True, ["full sync", "missing media"], "user")
    first, second = told["decks"][0]["trials"]
    assert (first["new"], first["updated"], first["left_alone"], first["rewritten"]) == (1, 20, 300, 20)
    assert (first["full_sync"], second["full_sync"]) == (True, False)
    assert (first["merge_notetypes"], second["merge_notetypes"], second["with_scheduling"]) == (False, True, True)
    rewritten = {"kind": "rewritten", "harm": False, "id": "g0", "words": "words", "was": "old", "now": "new"}
    assert first["findings"][0] == rewritten
    assert {"conflicting", "empty_cards", "missing_media"} <= second.keys()

"""What lies outside the vault is not read, what never ends is not waited for, and files from elsewhere are believed nothing."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import wave
import zipfile
from collections.abc import Callable
from contextlib import closing
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
import zstandard
from click.testing import Result

from cards.anki import read_package
from cards.model import AnkiNote, CardsError, Problem
from cards.pipeline import load_notes
from cards.vault import files, note_files
from cards.vault.note_files import VaultFiles
from tests import vaults
from tests.reading import drafts_of
from tests.vaults import CARD, bounds, built, git, packages, packed, unpacked, write

ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c)"
CANARY = b"what lies outside: canary"
SOUND = "- **Label:** text (1:20)\n"
IN_ONE_GIB = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1024**3, 1024**3)); from cards.cli import main; main()"


def run(*arguments: object, seconds: int = 60) -> Result:
    """A command that may take so many seconds and a GiB, and says no more than a sentence of what went wrong."""
    with bounds(seconds):
        ran = vaults.run(*arguments)
    assert isinstance(ran.exception, SystemExit | None), ran.exception
    assert "MemoryError" not in ran.stderr
    return ran


def silence(path: Path) -> None:
    """Two minutes of it."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(2 * 8_000 * 120))


def all_that_was_made(out: Path) -> bytes:
    """Every byte below a folder, packages unpacked."""
    found = b""
    for path in sorted(out.rglob("*")):
        if path.is_file():
            found += path.read_bytes()
            if path.suffix == ".apkg":
                found += b"".join(unpacked(path).values())
    return found


TARGETS = """
../secret.png ../../../../../../../../{root}/secret.png {root}/secret.png //{root}/secret.png
file://{root}/secret.png file:../secret.png FILE:{root}/secret.png ..%2fsecret.png %2e%2e/secret.png
%2e%2e%2fsecret.png ..%5csecret.png ..\\secret.png ....//secret.png folder/../../secret.png .%00./secret.png
..／secret.png ．．/secret.png ‥/secret.png link.png LINK.PNG outside/secret.png Outside/Secret.png
outside/../secret.png concat:../secret.png ~/secret.png $HOME/secret.png /dev/stdin /proc/self/environ
""".split()


@pytest.mark.parametrize("target", TARGETS)
def test_no_picture_from_outside(target: str, tmp_path: Path) -> None:
    target = target.format(root=tmp_path)
    body = f'- **Label:** ![[{target}]] ![]({target}) ![](<{target}>) <img src="{target}">\n'
    folder = write(tmp_path / "vault", {"folder/n.md": body, "n.md": body, "own.png": b"own"})
    (tmp_path / "secret.png").write_bytes(CANARY)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "outside").symlink_to(tmp_path, target_is_directory=True)
    report = built(folder, tmp_path / "decks", keep_cards=True)
    assert len(report.result.cards) == 2
    assert {problem.code for problem in report.result.problems} <= {"media"}
    assert CANARY not in all_that_was_made(tmp_path / "decks")


RECORDINGS = "../talk.wav {root}/talk.wav file://{root}/talk.wav link.wav outside/talk.wav /etc/hostname.wav gone.mp3".split()


@pytest.mark.parametrize("given", RECORDINGS)
def test_no_recording_from_outside(given: str, tmp_path: Path) -> None:
    pytest.importorskip("av")
    silence(tmp_path / "talk.wav")
    note = f"---\naudio: {given.format(root=tmp_path)}\n---\n{SOUND}"
    folder = write(tmp_path / "vault", {"n.md": note})
    (folder / "link.wav").symlink_to(tmp_path / "talk.wav")
    (folder / "outside").symlink_to(tmp_path, target_is_directory=True)
    report = built(folder, tmp_path / "decks", keep_cards=True)
    assert not report.result.media
    assert not any(card.audio for card in report.result.cards)
    assert [problem.code for problem in report.result.problems] == ["recording"] * ("file:" not in given)


@pytest.mark.parametrize(
    "playlist",
    [
        *("", "RIFF....WAVE", "\x00" * 5000),
        "#EXTM3U\n#EXTINF:10,\n{secret}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {secret}\n",
        '<?xml version="1.0"?><MPD><Period><AdaptationSet><BaseURL>file://{secret}</BaseURL></AdaptationSet></Period></MPD>',
        "[Script Info]\nDialogue: {secret}\n",
        "RIFF\x00\x00\x00\x00AVI #EXTM3U\nfile {secret}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n{secret}",
    ],
)
@pytest.mark.parametrize("name", ["talk.mp3", "talk.mkv", "talk.m4a"])
def test_a_playlist_in_disguise_opens_nothing(playlist: str, name: str, tmp_path: Path) -> None:
    pytest.importorskip("av")
    silence(tmp_path / "talk.wav")
    content = playlist.format(secret=tmp_path / "talk.wav")
    folder = write(tmp_path / "vault", {"n.md": f"---\naudio: {name}\n---\n{SOUND}", name: content})
    report = built(folder, tmp_path / "decks", keep_cards=True)
    assert [card.audio for card in report.result.cards] == [()]
    assert not report.result.media
    assert [problem.code for problem in report.result.problems] == ["recording"]


def test_notes_and_folders_that_lead_outside_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"secret.md": f"- **{CANARY.decode()}:** text\n", "vault/n.md": CARD})
    (tmp_path / "vault" / "link.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "vault" / "folder").symlink_to(tmp_path, target_is_directory=True)
    report = built(tmp_path / "vault", tmp_path / "decks", keep_cards=True)
    assert [card.draft.place.note for card in report.result.cards] == ["n.md"]
    assert [str(problem) for problem in report.result.problems] == [
        "link.md: is not a regular file inside the vault and was skipped"
    ]
    assert CANARY not in all_that_was_made(tmp_path / "decks")


def test_endless_files_do_not_hang_a_build(tmp_path: Path) -> None:
    note = "---\naudio: {0}.mp3\n---\n- **Label:** ![[{0}.png]] text (1:20)\n"
    for kind in ("fifo", "socket", "zero", "stdin", "loop", "sparse"):
        folder = write(tmp_path / "vault" / kind, {"n.md": note.format(kind)})
        for name in ("a.md", f"{kind}.png", f"{kind}.mp3"):
            path = folder / name
            match kind:
                case "fifo":
                    os.mkfifo(path)
                case "socket":
                    here = os.open(folder, os.O_RDONLY)  # the path of a socket must be short
                    with socket.socket(socket.AF_UNIX) as made:
                        made.bind(f"/proc/self/fd/{here}/{name}")
                    os.close(here)
                case "loop":
                    path.symlink_to(path)
                case "sparse":
                    with path.open("wb") as file:
                        file.truncate(10 * 1024**3)
                case _:
                    path.symlink_to(f"/dev/{kind}")
    ran = run("build", tmp_path / "vault", "-o", tmp_path / "decks", "--jobs", "1")
    assert ran.exit_code == 0, ran.stderr
    said = ran.stderr.splitlines()
    assert "from 6 of 12 notes" in ran.stdout
    assert all(f"{kind}/a.md: is not a regular file inside the vault" in ran.stderr for kind in ("fifo", "zero"))
    assert "problem: sparse/a.md: is larger than 10 MiB and was skipped; split it, or list it in `exclude`" in said
    assert "problem: socket/a.md: can't be read: No such device or address" in said
    assert "problem: loop/a.md: can't be read: Too many levels of symbolic links" in said
    assert [sum(end in line for line in said) for end in (".png", ".mp3")] == [6, 6]


def test_a_file_that_grows_is_read_up_to_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"n.md": CARD})
    monkeypatch.setattr(note_files, "LARGEST_NOTE", 1000)

    class Growing(FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b"x" * (size or 0)

    with monkeypatch.context() as patched:
        patched.setattr(files, "FileIO", Growing)
        with pytest.raises(files.TooLargeError):
            files.read(tmp_path / "n.md", 1000)
    (tmp_path / "n.md").write_bytes(b"x" * 1001)
    problem = VaultFiles(tmp_path).read("n.md")
    assert isinstance(problem, Problem)
    assert problem.code == "large"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", f"[a]: https://a.example/{'x' * 500_000}\n\n" + "- **Label:** [a] text\n" * 100),
        (f"---\ntags: [{', '.join(f't{n}' for n in range(25_000))}]\n---\n", CARD * 300),
        (f"---\nsource: https://youtu.be/abcdefghijk?x={'x' * 150_000}\n---\n", "- **Label:** text (1:20)\n" * 300),
    ],
)
def test_a_note_that_would_grow_beyond_measure_is_left_out(
    head: str, body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_notes, "_LARGEST", 10_000_000)  # a tenth, of ten times as few cards
    write(tmp_path, {"n.md": head + body, "other.md": CARD})
    ran = run("build", tmp_path, "-o", tmp_path / "decks")
    assert ran.exit_code == 0, ran.stderr
    assert "n.md: its cards would hold over 10 million characters" in ran.stderr
    assert "from 1 of 2 notes" in ran.stdout


@pytest.mark.parametrize(
    "text",
    [
        f"---\ntitle: {'x' * 150_000}\n---\n{CARD * 1000}",
        f"# {'x' * 1_000_000}\n\n{CARD * 1000}",
        f"# Title\n\n## {'x' * 1_000_000}\n\n{CARD * 1000}",
        f"- **{'x' * 1_000_000}:** here\n" + f"  {CARD}" * 1000,
        f"- {'x' * 1_000_000}:\n" + f"  {CARD}" * 1000,
    ],
)
def test_context_that_all_cards_repeat_is_cut(text: str) -> None:
    drafts = drafts_of(text)
    assert len(drafts) >= 1000
    assert all(len(entry) <= 300 for draft in drafts for entry in draft.place.context)


def test_a_frontmatter_beyond_what_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"n.md": "---\n" + "key: value\n" * 1_000_000 + f"---\n{CARD}", "other.md": CARD})
    ran = run("build", tmp_path, "-o", tmp_path / "decks")
    assert ran.exit_code == 0, ran.stderr
    assert "problem: n.md: is larger than 10 MiB" in ran.stderr
    assert "from 1 of 2 notes" in ran.stdout


@pytest.mark.parametrize("dry", [True, False])
def test_a_folder_that_is_not_ours_alone_keeps_what_it_has(dry: bool, tmp_path: Path) -> None:
    """`-o .` in a home: its `.cache` is that of other programs, who keep links there."""
    home = write(tmp_path, {"notes/n.md": CARD, ".cache/hub/blob": "model", ".cards-mine": "mine", ".cache/hub/.cards-x": ""})
    (home / ".cache" / "hub" / "model.bin").symlink_to("blob")
    before = {path for path in home.rglob("*") if "notes" not in path.parts}
    assert run("build", home / "notes", "-o", home, *["--dry-run"] * dry).exit_code == 0
    assert before <= set(home.rglob("*"))


@pytest.mark.parametrize("name", ["ledger.jsonl", "Takeaways.apkg"])
@pytest.mark.parametrize("given", ["pipe", "/dev/zero", "secret"])
@pytest.mark.parametrize("command", ["build", "list", "diff", "retired", "recover"])
def test_a_ledger_or_deck_that_leads_elsewhere_is_not_read(command: str, given: str, name: str, tmp_path: Path) -> None:
    vault = write(tmp_path / "vault", {"n.md": CARD, "decks/x": ""})
    secret = tmp_path / "secret"
    secret.write_bytes(CANARY)
    path = vault / "decks" / name
    os.mkfifo(path) if given == "pipe" else path.symlink_to(secret if given == "secret" else given)
    about: list[Path] = [vault] * (command != "retired")
    if command == "recover":
        (deck,) = built(write(tmp_path / "other", {"n.md": CARD})).decks
        about = [deck.path]
    assert run(command, *about, "-o", vault / "decks", seconds=30).exit_code in (0, 2)
    assert secret.read_bytes() == CANARY
    regular = [each for each in (vault / "decks").rglob("*") if each.is_file() and not each.is_symlink()]
    assert not any(CANARY in each.read_bytes() for each in regular)


def test_a_folder_of_decks_that_came_as_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write(tmp_path / "vault", {"n.md": CARD})
    (tmp_path / "other" / ".cache").mkdir(parents=True)
    (vault / "decks").symlink_to(tmp_path / "other")
    monkeypatch.chdir(vault)
    for toml in ({}, {"cards.toml": 'out = "decks"\n'}):
        write(vault, toml)
        ran = run("build")
        assert ran.exit_code == 2
        assert "a link leads out of" in ran.stderr
        assert "name the folder of the decks with -o" in ran.stderr
    assert [*(tmp_path / "other").iterdir()] == [tmp_path / "other" / ".cache"]
    assert run("build", "-o", "decks").exit_code == 0  # the user says so


def test_init_writes_nothing_where_a_link_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write(tmp_path / "vault", {"n.md": CARD})
    git(vault, "init", "-q")
    shell = write(tmp_path, {"bashrc": "alias x=y"}) / "bashrc"
    (vault / ".gitignore").symlink_to(shell)
    monkeypatch.chdir(vault)
    assert "wrote cards.toml" in run("init").stdout
    (vault / "cards.toml").unlink()
    (vault / "cards.toml").symlink_to(tmp_path / "made.toml")
    assert run("init").exit_code == 2
    assert not (tmp_path / "made.toml").exists()
    assert shell.read_bytes() == b"alias x=y"


def test_a_ledger_from_elsewhere_makes_the_vault_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write(tmp_path / "vault", {"n.md": "- **Label:** ![[secret.png]]\n"})
    (tmp_path / "secret.png").write_bytes(CANARY)
    monkeypatch.chdir(vault)
    assert run("build", ".").exit_code == 0
    vaults.edit(vault / "decks" / "ledger.jsonl", '"root": ".."', '"root": "../.."')
    ran = run("build", ".")
    assert ran.exit_code == 2
    assert "ledger.jsonl: remembers the notes in" in ran.stderr
    assert CANARY not in all_that_was_made(vault / "decks")


_NOTES = "id, guid, mid, mod, tags, flds"
_AS_ANKI = f"create table notes ({_NOTES})"
_CARDS = "create table col (decks); insert into col values ('{}'); create table cards (id, nid, did, ord);"


def deck(path: Path, script: str = _AS_ANKI, way: int = zipfile.ZIP_DEFLATED, more: dict[str, bytes] | None = None) -> Path:
    """A package with a collection in which a script has run, and other files, compressed in a way."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(f"{_CARDS}{script};")
        return packed(path, {"collection.anki2": database.serialize(), "media": b"{}", **(more or {})}, way)


def sealed(path: Path) -> None:
    """Set the bit that says that a file is encrypted, in each header of a package."""
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(signature, at + 1)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def lying(path: Path) -> None:
    """A package whose collection unpacks to 1.2 GB, though its headers speak of 1 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("media", b"{}")
        with package.open("collection.anki2", "w") as file:
            for _ in range(120):
                file.write(bytes(10_000_000))
    content = path.read_bytes()
    assert content.count((1_200_000_000).to_bytes(4, "little")) == 2
    path.write_bytes(content.replace((1_200_000_000).to_bytes(4, "little"), (1_000_000).to_bytes(4, "little")))


def of_damaged_pages(path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(f"{_AS_ANKI}; create table cards (id, nid, did, ord);")
        database.executemany("insert into notes values (?, 'g', 1, 1, '', ?)", [(n, "x" * 900) for n in range(500)])
        pages = bytearray(database.serialize())
    pages[4096 * 3 : 4096 * 9] = pages[4096 : 4096 * 7]
    packed(path, {"collection.anki2": bytes(pages)}, zipfile.ZIP_STORED)


LIMIT = 2 * 1024**2  # of what a package may unpack to, here
# what could go on without end is read in a process that can be ended
WITHOUT_END = {
    "endless view": f"create view notes as {ENDLESS} select {', '.join(f'x as {each}' for each in _NOTES.split(', '))} from c",
    "computed column": f"create table notes ({_NOTES}, x as (zeroblob(900000000)));"
    "insert into notes values (1, 'a', 1, 1, '', 'a')",
    "checked column": f"create table notes ({_NOTES}, check (length(zeroblob(900000000)) > 0))",
    "trigger": f"{_AS_ANKI}; create trigger t after insert on notes begin select 1; end",
    "virtual table": f"create virtual table notes using fts5({_NOTES})",
}
OTHER_TYPES = f"{_AS_ANKI}; insert into notes values ('a', null, x'00', 'b', null, x'ff')"
ZSTD_BOMB: dict[str, bytes] = {"collection.anki21b": zstandard.compress(bytes(LIMIT)) * 10, "meta": b"\x08\x03"}
ZSTD_BOMB["media"] = zstandard.compress(b"")
# each with what is said of it; where that is nothing, `verify` leaves it to Anki
DECKS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no notes": (lambda path: deck(path, "create table x (y)"), "no such table"),
    "other types": (lambda path: deck(path, OTHER_TYPES), ""),
    "bomb": (lambda path: deck(path, more={"collection.anki21": bytes(LIMIT + 1)}), "too large"),
    "zstd bomb": (lambda path: deck(path, more=ZSTD_BOMB), "too large"),
    "no zip": (lambda path: path.write_bytes(CANARY), "is not an Anki package"),
    "cut": (lambda path: cut(deck(path)), "is not an Anki package"),
    "broken media": (lambda path: deck(path, more={"media": b"\x00{" * 100}), ""),
    "fifo": (os.mkfifo, ""),
    "names": (lambda path: deck(path, more={"../../canary": CANARY, "/canary": CANARY}), ""),
    "damaged pages": (of_damaged_pages, "is not an Anki package"),
    "sealed": (lambda path: sealed(deck(path)), "is not an Anki package"),
    "lying": (lying, "is not an Anki package"),
    "lzma": (lambda path: deck(path, way=zipfile.ZIP_LZMA), "in a way that Anki does not know"),
    "bzip2": (lambda path: deck(path, way=zipfile.ZIP_BZIP2), "in a way that Anki does not know"),
}


@pytest.mark.parametrize("kind", [*WITHOUT_END, *DECKS])
@pytest.mark.parametrize("command", ["recover", "verify"])
def test_a_deck_from_elsewhere_is_believed_nothing(
    kind: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = write(tmp_path, {"in/x": ""}) / "in" / "deck.apkg"
    make, says = DECKS.get(kind, (lambda path: deck(path, WITHOUT_END[kind]), "is not an Anki package"))
    make(given)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    arguments = [command, str(given), *(["-o", str(tmp_path / "decks")] if command == "recover" else [])]
    if kind in WITHOUT_END:
        process = [sys.executable, "-c", IN_ONE_GIB, *arguments]
        ended = subprocess.run(process, capture_output=True, text=True, check=False, timeout=30)
        code, said = ended.returncode, ended.stderr
    else:
        monkeypatch.setattr(read_package, "_LARGEST", LIMIT)
        ran = run(*arguments, seconds=30)
        code, said = ran.exit_code, ran.stderr
    assert code == 2 or (command == "verify" and kind in ("names", "broken media", "other types"))
    if code == 2:
        assert said.startswith("error: ")
        assert len(said.splitlines()) == 1
        assert says in said
        assert "MemoryError" not in said
    assert sorted(tmp_path.rglob("*")) == before


def test_media_of_a_deck_are_read_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_package, "_LARGEST", 10_000)
    names = {str(n): f"{n}.png" for n in range(11)}
    large = {number: bytes(1_000) for number in names}
    content = deck(tmp_path / "deck.apkg", more=large | {"media": json.dumps(names).encode()}).read_bytes()
    with pytest.raises(CardsError, match="media are too large"):
        read_package.media(content, "deck", frozenset(names.values()), 2_000)
    assert read_package.media(content, "deck", frozenset(names.values()) - {"0.png"}, 999) == {}
    assert read_package.media(content, "deck", frozenset({"3.png"}), 2_000) == {"3.png": large["3"]}
    with pytest.raises(CardsError, match=r"is not an Anki package \(AttributeError"):
        read_package.media(deck(tmp_path / "list.apkg", more={"media": b"[]"}).read_bytes(), "list", frozenset(), 1)


def _kept(path: Path) -> tuple[tuple[AnkiNote, ...], dict[str, bytes]]:
    content = path.read_bytes()
    notes = read_package.read(content, str(path)).notes
    return notes, read_package.media(content, str(path), frozenset(name for note in notes for name in note.media))


@pytest.mark.parametrize("kind", ["sealed", "broken media", "other types", "cut"])
def test_a_deck_of_a_build_that_is_damaged_is_refused(kind: str, tmp_path: Path) -> None:
    """What a build of few notes keeps of a deck is read from it."""
    image = b"\x89PNG of a kind"
    built(write(tmp_path, {"x.png": image, "n.md": "- **Label:** text ![[x.png]]\n"}))
    (path,) = packages(tmp_path / "decks")
    notes, media = _kept(path)
    assert (len(notes), [*media.values()]) == (1, [image])
    match kind:
        case "sealed":
            sealed(path)
        case "cut":
            cut(path)
        case "broken media":
            packed(path, unpacked(path) | {"media": b"[1]"})
        case "other types":
            deck(path, OTHER_TYPES)
            assert _kept(path)[0] == ()  # none of our notes, so that all of them are made anew
            return
    with pytest.raises(CardsError, match=r"\.apkg: "):
        _kept(path)

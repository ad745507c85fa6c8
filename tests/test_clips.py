"""Clips of the moment, cut from a recording whose pitch tells the second."""

from __future__ import annotations

import array
import io
import json
import math
import os
import random
import subprocess
import sys
import wave
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from cards.anki import read_package
from cards.cli import main
from cards.media import audio
from cards.media.audio import Span, span_of
from cards.model import Timestamp
from cards.pipeline.build import build
from cards.vault import cache
from cards.vault.config import load

av = pytest.importorskip("av", reason="pip install 'takeaway-cards[audio]' to test the clips")

RATE = 8000
SECONDS = 150
BASE, STEP = 300, 10  # hertz: second n sounds at 300 + 10 n

NOTE = """---
source: https://youtu.be/abcdefghijk
audio: "[[tones.wav]]"
---
- **A point:** the buoy rings at **the turn of the tide** here (0:40).
- **Ranges:** the swell comes in **sets of seven waves** there (1:10 - 1:14, 2:05).
- **Nothing:** no time stands by **this one small thing** here.
- **Elsewhere:** another talk has **the same story told** better [0:20](https://vimeo.com/7).
"""


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording whose pitch tells the second."""
    path = tmp_path_factory.mktemp("tones") / "tones.wav"
    samples, phase = array.array("h"), 0.0
    for n in range(SECONDS * RATE):
        phase += 2 * math.pi * (BASE + STEP * (n // RATE)) / RATE
        samples.append(int(12_000 * math.sin(phase)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture
def vault(tmp_path: Path, tones: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Tide.md").write_text(NOTE, encoding="utf-8")
    (folder / "tones.wav").write_bytes(tones.read_bytes())
    monkeypatch.chdir(tmp_path)
    return folder


def samples_of(content: bytes) -> array.array[int]:
    """The sound of a clip, 16,000 samples a second."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    samples = array.array("h")
    with av.open(io.BytesIO(content)) as opened:
        for frame in opened.decode(audio=0):
            for each in resampler.resample(frame):
                samples.frombytes(bytes(each.planes[0])[: each.samples * 2])
    return samples


def second_heard(content: bytes, at: float) -> float:
    """The second of the recording that sounds `at` seconds into a clip, by its pitch."""
    window = samples_of(content)[int(at * 16_000) : int(at * 16_000) + 8_000]
    crossings = [n for n, (a, b) in enumerate(pairwise(window)) if a < 0 <= b]
    hertz = (len(crossings) - 1) * 16_000 / (crossings[-1] - crossings[0])
    return (hertz - BASE) / STEP


def made(vault: Path, **options: object) -> dict[str, tuple[tuple[str, ...], dict[str, bytes]]]:
    """Build; the clips of each question by name, and their contents."""
    report = build(load((vault,), vault / "decks", None, None), keep_cards=True)
    assert [str(problem) for problem in report.result.problems] == options.get("problems", [])
    deck = vault / "decks" / "Takeaways.apkg"
    names = {card.draft.label or "": card.audio for card in report.result.cards if card.draft.kind == "qa"}
    every = frozenset(name for found in names.values() for name in found)
    content = read_package.media(deck.read_bytes(), deck.name, every, 10**6)
    return {label: (found, {name: content[name] for name in found}) for label, found in names.items()}


@pytest.mark.parametrize(
    ("stamp", "span"),
    [
        (Timestamp(40), Span(39.5, 50.5)),
        (Timestamp(0), Span(0, 10.5)),
        (Timestamp(70, 74), Span(69.5, 74.5)),
        (Timestamp(10, 200), Span(9.5, 130.5)),
        (Timestamp(295), Span(294.5, 300)),
        (Timestamp(70, 60), Span(69.5, 80.5)),
        (Timestamp(300), None),
        (Timestamp(4000), None),
    ],
)
def test_what_a_clip_holds(stamp: Timestamp, span: Span | None) -> None:
    assert span_of(stamp, 300.0) == span


def test_a_clip_holds_the_second_that_the_note_says(vault: Path) -> None:
    found = made(vault)
    (point,) = found["A point"][1].values()
    assert second_heard(point, 0.6) == pytest.approx(40, abs=0.3)
    assert second_heard(point, 9.7) == pytest.approx(49, abs=0.3)
    assert len(samples_of(point)) == pytest.approx(11 * 16_000, abs=2_000)
    assert len(point) < 25_000
    first, second = found["Ranges"][1].values()
    assert second_heard(first, 0.6) == pytest.approx(70, abs=0.3)
    assert len(samples_of(first)) == pytest.approx(5 * 16_000, abs=2_000)
    assert second_heard(second, 0.6) == pytest.approx(125, abs=0.3)
    assert found["Nothing"][0] == found["Elsewhere"][0] == ()


@pytest.mark.parametrize(
    ("name", "codec", "kind"), [("a.mp3", "libmp3lame", "mp3"), ("a.m4a", "aac", "mp4"), ("a.opus", "libopus", "ogg")]
)
def test_in_every_kind_of_recording(tmp_path: Path, tones: Path, name: str, codec: str, kind: str) -> None:
    path, rate = tmp_path / name, 48_000 if codec == "libopus" else 16_000
    with av.open(str(tones)) as source, av.open(str(path), "w", format=kind) as target:
        # several streams' worth of bit rates would be the hard case for seeking: quality, not rate
        stream = target.add_stream(codec, rate=rate, layout="mono", options={"q": "5"} if codec == "libmp3lame" else {})
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    content = audio.cut(path, Span(119.5, 130.5))
    assert second_heard(content, 0.6) == pytest.approx(120, abs=0.3)
    assert content == audio.cut(path, Span(119.5, 130.5))


def test_clips_are_cut_once_and_are_the_same_without_the_cache(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(vault)
    deck = vault / "decks" / "Takeaways.apkg"
    before = deck.read_bytes()
    for each in cache.folder(vault / "decks").rglob("*"):
        if each.is_file() and each.name != "lock":
            each.unlink()
    deck.unlink()
    made(vault)
    assert deck.read_bytes() == before
    monkeypatch.setattr("cards.media.clips.cut", None)
    made(vault)
    assert deck.read_bytes() == before


@pytest.mark.parametrize("digit", [b"1", b"x"])
def test_a_damaged_cache_changes_no_clip(digit: bytes, vault: Path) -> None:
    made(vault)
    deck = vault / "decks" / "Takeaways.apkg"
    kept = cache.folder(vault / "decks")
    before, ledger = deck.read_bytes(), (vault / "decks" / "ledger.jsonl").read_bytes()
    for path in (kept / "recordings.json", *(kept / "clips").iterdir()):
        path.write_bytes(path.read_bytes()[:-20] + digit + path.read_bytes()[-19:])
    (kept / "last.json").unlink()
    made(vault)
    assert deck.read_bytes() == before
    assert (vault / "decks" / "ledger.jsonl").read_bytes() == ledger


def test_a_recording_that_is_not_at_hand_takes_no_clip_from_a_card(vault: Path) -> None:
    made(vault)
    deck = vault / "decks" / "Takeaways.apkg"
    before, ledger = deck.read_bytes(), (vault / "decks" / "ledger.jsonl").read_bytes()
    (vault / "tones.wav").rename(vault.parent / "tones.wav")
    report = build(load((vault,), vault / "decks", None, None))
    assert deck.read_bytes() == before
    assert (vault / "decks" / "ledger.jsonl").read_bytes() == ledger
    assert [str(each) for each in report.result.problems] == [
        "Tide.md: tones.wav is not in the vault; its cards keep the clips they have, if any"
    ]
    deck.unlink()  # now there is nothing to keep, and still no card is newer than the one in Anki
    assert not build(load((vault,), vault / "decks", None, None)).result.changes
    (vault.parent / "tones.wav").rename(vault / "tones.wav")
    made(vault)
    assert deck.read_bytes() == before


def test_switched_off(vault: Path) -> None:
    (vault / "cards.toml").write_text("clips = false\n", encoding="utf-8")
    assert not any(names for names, _ in made(vault).values())


def test_without_the_extra_a_sentence_says_so_once(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cards.media.clips.find_spec", lambda name: None)
    (vault / "Other.md").write_text(NOTE, encoding="utf-8")
    report = build(load((vault,), vault / "decks", None, None), keep_cards=True)
    (problem,) = report.result.problems
    assert "pip install 'takeaway-cards[audio]'" in problem.message
    assert not any(card.audio for card in report.result.cards)


def test_a_recording_given_for_one_note(vault: Path, tones: Path) -> None:
    (vault / "Tide.md").write_text(NOTE.replace('audio: "[[tones.wav]]"\n', ""), encoding="utf-8")
    (vault / "tones.wav").unlink()
    ran = CliRunner().invoke(main, ["list", str(vault / "Tide.md"), "--recording", str(tones), "--json"])
    assert [len(json.loads(line)["audio"]) for line in ran.stdout.splitlines()[:2]] == [1, 2]
    ran = CliRunner().invoke(main, ["build", str(vault), "--recording", str(tones)])
    assert ran.exit_code == 2
    assert "is for one note" in ran.output


@pytest.mark.parametrize("named", ["../tones.wav", "link.wav", "/etc/hostname.wav", "gone.mp3"])
def test_no_recording_outside_the_vault(vault: Path, tones: Path, named: str) -> None:
    (vault / "tones.wav").rename(vault.parent / "tones.wav")
    (vault / "link.wav").symlink_to(tones)
    (vault / "Tide.md").write_text(NOTE.replace("tones.wav", named), encoding="utf-8")
    report = build(load((vault,), vault / "decks", None, None), keep_cards=True)
    assert not any(card.audio for card in report.result.cards)
    assert [problem.code for problem in report.result.problems] == ["recording"]


@pytest.mark.parametrize(
    "content", [b"", b"RIFF....WAVE", b"\x00" * 5000, b"#EXTM3U\n#EXTINF:9,\n{}\n", b"ffconcat version 1.0\nfile {}\n"]
)
def test_what_is_no_recording_costs_no_card_and_opens_nothing_else(vault: Path, tones: Path, content: bytes) -> None:
    (vault / "tones.wav").write_bytes(content.replace(b"{}", str(tones).encode()))
    report = build(load((vault,), vault / "decks", None, None), keep_cards=True)
    assert len(report.result.cards) == 8
    assert not any(card.audio for card in report.result.cards)
    assert [problem.code for problem in report.result.problems] == ["recording"]


def test_a_stamp_behind_the_end_is_said(vault: Path) -> None:
    (vault / "Tide.md").write_text(NOTE.replace("2:05", "12:05"), encoding="utf-8")
    said = "Tide.md:6: a stamp is after the end of tones.wav; it has no clip"
    assert len(made(vault, problems=[said])["Ranges"][0]) == 1


def test_a_bar_on_a_terminal_only(vault: Path) -> None:
    code = "from cards import cli; from cards.commands import terminal; terminal.PATIENCE = 0; cli.main()"
    command = [sys.executable, "-c", code, "build", str(vault), "-o", str(vault / "decks")]
    leader, follower = os.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    subprocess.run([*command, "-n"], stderr=follower, stdout=subprocess.DEVNULL, check=True, env=environment)
    os.close(follower)
    assert b"cutting clips" in os.read(leader, 100_000)
    os.close(leader)
    quiet = subprocess.run([*command, "-n"], capture_output=True, check=True)
    assert quiet.stderr == b""


def test_the_real_anki_plays_them_and_finds_nothing_missing_or_unused(vault: Path) -> None:
    from tests.anki_run import collection, healthy, import_deck

    made(vault)
    deck = vault / "decks" / "Takeaways.apkg"
    with collection(vault.parent / "anki") as opened:
        assert import_deck(opened, deck)["new"] == 8
        assert healthy(opened) == []
        played = {
            opened.get_card(card).render_output().answer_av_tags[0].filename
            for card in opened.find_cards("Front:*A?point* or Text:*turn*")
        }
        assert len(played) == 1
        assert not any(opened.get_card(card).render_output().question_av_tags for card in opened.find_cards(""))
        with zipfile.ZipFile(deck) as opened_deck:
            assert len(json.loads(opened_deck.read("media"))) == 3


def test_the_length_of_a_recording_that_says_a_wrong_one(tmp_path: Path) -> None:
    """An MP3 of varying bit rate without an index: its length is guessed from its first frames, which are silent here."""
    plain = tmp_path / "a.wav"
    with wave.open(str(plain), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000 * 30) + random.Random(7).randbytes(2 * 16_000 * 30))
    path = tmp_path / "a.mp3"
    with av.open(str(plain)) as source, av.open(str(path), "w", format="mp3", options={"write_xing": "0"}) as target:
        stream = target.add_stream("libmp3lame", rate=16_000, layout="mono", options={"global_quality": "472"})
        stream.codec_context.flags |= av.codec.context.Flags.qscale
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    with av.open(str(path)) as opened:
        assert abs(opened.duration / av.time_base - 60) > 5
    assert audio.length_of(path) == pytest.approx(60, abs=0.2)

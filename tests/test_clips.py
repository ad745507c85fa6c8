"""Clips of the moment, cut from a recording whose pitch tells the second."""

from __future__ import annotations

import array
import io
import json
import math
import random
import subprocess
import sys
import wave
from itertools import pairwise
from pathlib import Path

import pytest

from cards.anki import read_package
from cards.media import audio
from cards.media.audio import Span, span_of
from cards.model import Timestamp
from cards.vault import cache
from tests.vaults import built, files_in, on_a_terminal, refused, rows, unpacked, write

av = pytest.importorskip("av", reason="pip install 'takeaway-cards[audio]' to test the clips")

RATE = 8000
SECONDS = 150
BASE, STEP = 300, 10  # hertz: second n sounds at 300 + 10 n

NOTE = """---
source: https://youtu.be/abcdefghijk
audio: "[[tones.wav]]"
---
- **A point:** the buoy rings at **the turn of the tide** here (0:40). So it does.
- **Ranges:** the swell comes in **sets of seven waves** there (1:10 - 1:14, 2:05). So it does.
- **Nothing:** no time stands by **this one small thing** here. So it does.
- **Elsewhere:** another talk has **the same story told** better [0:20](https://vimeo.com/7). So it has.
"""


def recorded(path: Path, samples: bytes, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples)
    return path


def encoded(source: Path, path: Path, codec: str, kind: str, rate: int = 16_000, **options: str) -> Path:
    """A recording in another format; `quality` has an MP3 of varying bit rate, without an index."""
    header = {"write_xing": "0"} if "global_quality" in options else {}
    with av.open(str(source)) as opened, av.open(str(path), "w", format=kind, options=header) as target:
        stream = target.add_stream(codec, rate=rate, layout="mono", options=options)
        if header:
            stream.codec_context.flags |= av.codec.context.Flags.qscale
        for frame in opened.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording whose pitch tells the second."""
    samples = array.array("h")
    for second in range(SECONDS):  # a whole number of waves in each
        step = 2 * math.pi * (BASE + STEP * second) / RATE
        samples.extend(int(12_000 * math.sin(n * step)) for n in range(1, RATE + 1))
    return recorded(tmp_path_factory.mktemp("tones") / "tones.wav", samples.tobytes())


@pytest.fixture
def vault(tmp_path: Path, tones: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "vault", {"Tide.md": NOTE, "tones.wav": tones.read_bytes()})


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
    report = built(vault, keep_cards=True)
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
def test_a_clip_spans_the_stamp(stamp: Timestamp, span: Span | None) -> None:
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
    # several streams' worth of bit rates would be the hard case for seeking: quality, not rate
    options = {"q": "5"} if codec == "libmp3lame" else {}
    start = recorded(tmp_path / "start.wav", tones.read_bytes()[44 : 44 + 2 * RATE * 65])
    path = encoded(start, tmp_path / name, codec, kind, 48_000 if codec == "libopus" else 16_000, **options)
    content = audio.cut(path, Span(49.5, 60.5))
    assert second_heard(content, 0.6) == pytest.approx(50, abs=0.3)
    assert content == audio.cut(path, Span(49.5, 60.5))


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
    kept, before = cache.folder(vault / "decks"), files_in(vault / "decks")
    for path in (kept / "recordings.json", *(kept / "clips").iterdir()):
        path.write_bytes(path.read_bytes()[:-20] + digit + path.read_bytes()[-19:])
    (kept / "last.json").unlink()
    made(vault)
    assert files_in(vault / "decks") == before


def test_a_recording_that_is_not_at_hand_takes_no_clip_from_a_card(vault: Path) -> None:
    made(vault)
    before = files_in(vault / "decks")
    (vault / "tones.wav").rename(vault.parent / "tones.wav")
    report = built(vault)
    assert files_in(vault / "decks") == before
    assert [str(each) for each in report.result.problems] == [
        "Tide.md: tones.wav is not in the vault; its cards keep the clips they have, if any"
    ]
    (vault / "decks" / "Takeaways.apkg").unlink()  # now nothing is kept, and still no card is newer than the one in Anki
    assert not built(vault).result.changes
    (vault.parent / "tones.wav").rename(vault / "tones.wav")
    made(vault)
    assert files_in(vault / "decks") == before


def test_switched_off(vault: Path) -> None:
    write(vault, {"cards.toml": "clips = false\n"})
    assert not any(names for names, _ in made(vault).values())


def test_without_the_extra_a_sentence_says_so_once(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cards.media.clips.find_spec", lambda name: None)
    report = built(write(vault, {"Other.md": NOTE}), keep_cards=True)
    (problem,) = report.result.problems
    assert "pip install 'takeaway-cards[audio]'" in problem.message
    assert not any(card.audio for card in report.result.cards)


def test_a_recording_given_for_one_note(vault: Path, tones: Path) -> None:
    write(vault, {"Tide.md": NOTE.replace('audio: "[[tones.wav]]"\n', "")})
    (vault / "tones.wav").unlink()
    assert [len(row["audio"]) for row in rows("list", vault / "Tide.md", "--recording", tones)[:2]] == [1, 2]
    assert "is for one note" in refused("build", vault, "--recording", tones)


def test_a_stamp_behind_the_end_is_said(vault: Path) -> None:
    write(vault, {"Tide.md": NOTE.replace("2:05", "12:05")})
    said = "Tide.md:6: a stamp is after the end of tones.wav; it has no clip"
    assert len(made(vault, problems=[said])["Ranges"][0]) == 1


def test_a_bar_on_a_terminal_only(vault: Path) -> None:
    code = "from cards import cli; from cards.commands import terminal; terminal.PATIENCE = 0; cli.main()"
    command = [sys.executable, "-c", code, "build", str(vault), "-o", str(vault / "decks"), "-n"]
    assert b"cutting clips" in on_a_terminal(*command)
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


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
        assert len(json.loads(unpacked(deck)["media"])) == 3


def test_the_length_of_a_recording_that_says_a_wrong_one(tmp_path: Path) -> None:
    """An MP3 of varying bit rate without an index: its length is guessed from its first frames, which are silent here."""
    noise = bytes(2 * 16_000 * 30) + random.Random(7).randbytes(2 * 16_000 * 30)
    plain = recorded(tmp_path / "a.wav", noise, 16_000)
    path = encoded(plain, tmp_path / "a.mp3", "libmp3lame", "mp3", global_quality="472")
    with av.open(str(path)) as opened:
        assert abs(opened.duration / av.time_base - 60) > 5
    assert audio.length_of(path) == pytest.approx(60, abs=0.2)

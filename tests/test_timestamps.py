from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards import links, timestamps
from cards.markdown import inline
from cards.model import Kind, Timestamp
from cards.prose import plain, unstamped

SECONDS = st.integers(0, 99 * 3600 + 59 * 60 + 59)


@given(SECONDS)
def test_a_second_is_read_as_it_is_shown(second: int) -> None:
    assert timestamps.seconds(timestamps.clock(second)) == second


@given(
    SECONDS,
    st.none() | SECONDS,
    st.sampled_from(["({})", "[{}]", "( {} )", "({})."]),
    st.sampled_from(["-", " - ", "–", " to "]),
)
def test_a_bracketed_stamp_is_found_once_and_leaves_no_trace(start: int, end: int | None, bracket: str, dash: str) -> None:
    written = timestamps.clock(start) + (f"{dash}{timestamps.clock(end)}" if end is not None else "")
    prose = timestamps.stamp(inline(f"the sea is deep {bracket.format(written)}", {}).prose)
    assert [stamp for run in prose for stamp in run.stamps] == [Timestamp(start, end)]
    assert plain(unstamped(prose)[0]) == "the sea is deep" + ("." if bracket.endswith(".") else "")


@pytest.mark.parametrize(
    "text",
    [
        "(description)",
        "(12:61)",
        "(3:2)",
        "(1 Cor 1:10-17)",
        "3:16-17",
        "(see 12:30)",
        "x[3:20]",
        "`x = t(3:20)`",
        "$(3:20)$",
        "http://example.org/3:20",
        "[talk (3:20)](https://example.org)",
        "192.168.0.1:8080",
        "(00h 10m 29s)",
        "(1:2:03)",
    ],
)
def test_what_only_looks_like_a_stamp(text: str) -> None:
    prose = timestamps.stamp(inline(f"the sea {text} is deep", {}).prose)
    assert not any(run.kind is Kind.STAMP for run in prose)


@pytest.mark.parametrize(
    ("url", "second"),
    [
        ("https://youtu.be/abcdefghijk?t=90", 90),
        ("https://youtu.be/abcdefghijk?t=1m30s", 90),
        ("https://youtube.com/watch?v=abcdefghijk&t=1h47m12s", 6432),
        ("https://youtube.com/watch?v=abcdefghijk&t=97s#t=100.7", 100),
        ("https://example.org/a.mp3#t=03:18,04:38", 198),
        ("https://example.org/a", None),
        ("https://example.org/a?t=soon", None),
    ],
)
def test_the_time_of_a_url(url: str, second: int | None) -> None:
    found = timestamps.of_url(url)
    assert (found.start if found else None) == second


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.youtube.com/watch?v=abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("https://youtu.be/abcdefghijk", "https://youtu.be/abcdefghijk?t=81s"),
        (
            "https://www.youtube.com/watch?v=abcdefghijk&list=WL&t=72s",
            "https://www.youtube.com/watch?v=abcdefghijk&list=WL&t=81s",
        ),
        ("https://www.youtube.com/watch?t=72s&v=abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("https://www.youtube.com/watch?v=abcdefghijk&t=97s#t=100.7", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("https://m.youtube.com/shorts/abcdefghijk", "https://m.youtube.com/shorts/abcdefghijk?t=81s"),
        ("https://www.youtube.com/embed/abcdefghijk?start=3", "https://www.youtube.com/embed/abcdefghijk?start=81"),
        ("https://www.dwarkesh.example/p/a-talk", "https://www.dwarkesh.example/p/a-talk"),
        ("https://notyoutube.com.example.org/watch?v=abcdefghijk", "https://notyoutube.com.example.org/watch?v=abcdefghijk"),
    ],
)
def test_the_link_to_a_second(url: str, expected: str) -> None:
    assert links.at_second(url, Timestamp(81, 85)) == expected


@given(st.text(max_size=80))
def test_no_url_breaks_the_link(url: str) -> None:
    links.at_second(url, Timestamp(1))
    links.is_media(url)
    timestamps.of_url(url)

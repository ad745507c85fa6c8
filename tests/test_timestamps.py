from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.anki.render import prose
from cards.model import RunKind, Timestamp
from cards.model.prose import plain, unstamped
from cards.parser import parse
from cards.parser.markdown import inline
from cards.timestamps import providers, times
from tests.vaults import ROOT

SECONDS = st.integers(0, 99 * 3600 + 59 * 60 + 59)


@given(SECONDS)
def test_a_second_is_read_as_it_is_shown(second: int) -> None:
    assert times.seconds(times.clock(second)) == second


@given(
    SECONDS,
    st.none() | SECONDS,
    st.sampled_from(["({})", "[{}]", "( {} )", "({})."]),
    st.sampled_from(["-", " - ", "–", " to "]),
)
def test_a_bracketed_stamp_is_found_once_and_leaves_no_trace(start: int, end: int | None, bracket: str, dash: str) -> None:
    written = times.clock(start) + (f"{dash}{times.clock(end)}" if end is not None else "")
    prose = times.stamp(inline(f"the sea is deep {bracket.format(written)}", {}).prose)
    assert [stamp for run in prose for stamp in run.stamps] == [Timestamp(start, end)]
    assert plain(unstamped(prose)[0]) == "the sea is deep" + ("." if bracket.endswith(".") else "")


@pytest.mark.parametrize(
    "text",
    [
        *("(description)", "(12:61)", "(3:2)", "(1 Cor 1:10-17)", "3:16-17", "(see 12:30)", "x[3:20]", "`x = t(3:20)`"),
        *("$(3:20)$", "http://example.org/3:20", "[talk (3:20)](https://example.org)", "192.168.0.1:8080"),
        *("(00h 10m 29s)", "(1:2:03)", "{{youtube-timestamp 1777777777777}}"),
    ],
)
def test_what_only_looks_like_a_stamp(text: str) -> None:
    prose = times.stamp(inline(f"the sea {text} is deep", {}).prose)
    assert not any(run.kind is RunKind.STAMP for run in prose)


@pytest.mark.parametrize(
    ("url", "span"),
    [
        ("https://youtu.be/abcdefghijk?t=90", Timestamp(90)),
        ("https://youtu.be/abcdefghijk?t=1m30s", Timestamp(90)),
        ("https://youtube.com/watch?v=abcdefghijk&t=1h47m12s", Timestamp(6432)),
        ("https://youtube.com/watch?v=abcdefghijk&t=97s#t=100.7", Timestamp(100)),
        ("https://example.org/a", None),
        ("https://example.org/a?t=soon", None),
        ("https://example.org/a.mp3#t=03:18,04:38", Timestamp(198, 278)),
        ("https://www.youtube.com/embed/abcdefghijk?start=3424&end=3535", Timestamp(3424, 3535)),
        ("https://example.org/a.mp3#t=20,10", Timestamp(20)),
        ("https://overcast.fm/+aBcDeF/1:26:00", Timestamp(5160)),
        ("https://example.org/a/1:26:00", None),
    ],
)
def test_the_time_of_a_url(url: str, span: Timestamp | None) -> None:
    assert providers.time_of(url) == span


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.youtube.com/watch?v=abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("https://youtu.be/abcdefghijk", "https://youtu.be/abcdefghijk?t=81s"),
        ("https://www.youtube.com/watch?v=abcdefghijk&l=WL&t=72s", "https://www.youtube.com/watch?v=abcdefghijk&l=WL&t=81s"),
        ("https://www.youtube.com/watch?t=72s&v=abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("https://www.youtube.com/watch?v=abcdefghijk&t=97s#t=100.7", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("https://m.youtube.com/shorts/abcdefghijk", "https://m.youtube.com/shorts/abcdefghijk?t=81s"),
        ("https://www.youtube.com/embed/abcdefghijk?start=3", "https://www.youtube.com/embed/abcdefghijk?start=81"),
        ("https://music.youtube.com/watch?v=abcdefghijk&si=x_Y", "https://music.youtube.com/watch?v=abcdefghijk&si=x_Y&t=81s"),
        ("https://www.youtube.com/live/abcdefghijk?feature=s", "https://www.youtube.com/live/abcdefghijk?feature=s&t=81s"),
        ("https://vimeo.com/76979871", "https://vimeo.com/76979871#t=81s"),
        ("https://player.vimeo.com/video/76979871?h=8f2a1c#t=3s", "https://player.vimeo.com/video/76979871?h=8f2a1c#t=81s"),
        ("https://open.spotify.com/episode/0aBcDeFg?si=1f&t=604", "https://open.spotify.com/episode/0aBcDeFg?si=1f&t=81"),
        ("https://open.spotify.com/intl-de/episode/0aBcDeFg", "https://open.spotify.com/intl-de/episode/0aBcDeFg?t=81"),
        ("https://podcasts.apple.com/us/podcast/a-talk/id12?i=1", "https://podcasts.apple.com/us/podcast/a-talk/id12?i=1&t=81"),
        ("https://overcast.fm/+aBcDeF", "https://overcast.fm/+aBcDeF/1:21"),
        ("https://overcast.fm/+aBcDeF/1:26:00", "https://overcast.fm/+aBcDeF/1:21"),
        ("https://pca.st/episode/0bd0-43f3?t=99.0", "https://pca.st/episode/0bd0-43f3?t=81"),
        ("https://pca.st/aB3d", "https://pca.st/aB3d?t=81"),
        ("https://soundcloud.com/someone/a-talk#t=25:51", "https://soundcloud.com/someone/a-talk#t=1:21"),
        ("https://soundcloud.com/someone/sets/talks", "https://soundcloud.com/someone/sets/talks"),
        ("https://www.twitch.tv/videos/1117?t=0h28m53s", "https://www.twitch.tv/videos/1117?t=0h1m21s"),
        ("https://www.bilibili.com/video/BV1a/?p=2&t=9", "https://www.bilibili.com/video/BV1a/?p=2&t=81"),
        ("https://example.org/a%20talk.mp3?t=token&x", "https://example.org/a%20talk.mp3?t=token&x#t=81,85"),
        ("https://example.org/talk.MP4#t=9,12&track=en", "https://example.org/talk.MP4#t=81,85&track=en"),
        ("https://a.substack.com/p/a-talk?utm_source=x&&b", "https://a.substack.com/p/a-talk?utm_source=x&&b"),
        ("https://open.spotify.com/show/0aBcDeFg", "https://open.spotify.com/show/0aBcDeFg"),
        ("https://www.youtube.com/@someone/videos", "https://www.youtube.com/@someone/videos"),
        ("https://vimeo.com/showcase/8", "https://vimeo.com/showcase/8"),
        ("https://www.dwarkesh.example/p/a-talk", "https://www.dwarkesh.example/p/a-talk"),
        ("https://notyoutube.com.example.org/watch?v=abcdefghijk", "https://notyoutube.com.example.org/watch?v=abcdefghijk"),
    ],
)
def test_the_link_to_a_second(url: str, expected: str) -> None:
    assert providers.at_second(url, Timestamp(81, 85)) == expected


@pytest.mark.parametrize(
    ("template", "url", "expected"),
    [
        ("{url}?at={seconds}", "https://a.example/7", "https://a.example/7?at=81"),
        ("{url}?at={seconds}", "https://a.example/7?x=1&at=3&y#top", "https://a.example/7?x=1&y&at=81#top"),
        ("{url}?from={seconds}&to={end}", "https://a.example/7?to=9", "https://a.example/7?from=81&to=85"),
        ("{url}#t={hms}", "https://a.example/7?x=1#t=3", "https://a.example/7?x=1#t=1:21"),
        ("{url}/{hms}", "https://a.example/{7}", "https://a.example/{7}/1:21"),
        ("https://b.example/?u={url}&t={seconds}", "https://a.example/7", "https://b.example/?u=https://a.example/7&t=81"),
    ],
)
def test_the_link_by_a_template(template: str, url: str, expected: str) -> None:
    assert providers.is_template(template)
    assert providers.filled(template, url, Timestamp(81, 85)) == expected


def test_past_an_hour_and_without_an_end() -> None:
    assert providers.filled("{url}?a={seconds}&b={end}", "https://a.example", Timestamp(81)) == "https://a.example?a=81&b=81"
    late = Timestamp(4660)
    assert providers.at_second("https://overcast.fm/+a", late) == "https://overcast.fm/+a/1:17:40"
    assert providers.at_second("https://soundcloud.com/a/b", late) == "https://soundcloud.com/a/b#t=1:17:40"
    assert providers.at_second("https://www.twitch.tv/a/v/7", late) == "https://www.twitch.tv/a/v/7?t=1h17m40s"
    assert providers.at_second("https://example.org/a.opus", late) == "https://example.org/a.opus#t=4660"


def test_every_provider_stands_in_the_readme_with_a_link_that_is_true() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| ([\w ]+?) \| `(https://[^`]+)` \|$", readme, re.M))
    assert list(shown) == [row.name for row in providers.PROVIDERS]
    for name, url in shown.items():
        assert (row := providers.provider_of(url)) is not None
        assert row.name == name
        assert providers.at_second(url, Timestamp(81, 85)) == url


@given(
    st.sampled_from(["youtu.be/abcdefghijk", "vimeo.com/7", "example.org/a.mp3", "overcast.fm/+a", "soundcloud.com/a/b"]),
    st.text(max_size=30) | st.sampled_from(["?t=9s&a", "#t=9&b", "/1:02", "?", "#", "?&", "?a&&b"]),
)
def test_a_second_link_replaces_the_first(host: str, rest: str) -> None:
    once = providers.at_second(f"https://{host}{rest}", Timestamp(1))
    again = providers.at_second(once, Timestamp(81))
    assert providers.at_second(again, Timestamp(1)) == once


@given(st.text(max_size=80))
def test_no_url_breaks_the_link(url: str) -> None:
    providers.at_second(url, Timestamp(1))
    providers.is_media(url)
    providers.time_of(url)


FIRST = "https://youtu.be/aaaaaaaaaaa?t=81s"


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ("## [Second talk](https://vimeo.com/7)", "https://vimeo.com/7#t=81s"),
        ("https://overcast.fm/+b", "https://overcast.fm/+b/1:21"),
        ("![](https://youtu.be/bbbbbbbbbbb)", "https://youtu.be/bbbbbbbbbbb?t=81s"),
        ('<iframe src="https://youtube.com/embed/bbbbbbbbbbb"></iframe>', "https://youtube.com/embed/bbbbbbbbbbb?start=81"),
        ("{{video https://youtu.be/bbbbbbbbbbb}}", "https://youtu.be/bbbbbbbbbbb?t=81s"),
        # a name under links, in a list or in running text, a link to a second, a page, the same video again change nothing
        ("## Links\n\nhttps://vimeo.com/7\n\n## The talk", FIRST),
        ("- [Another talk](https://vimeo.com/7)", FIRST),
        ("He gave [another talk](https://vimeo.com/7) later.", FIRST),
        ("See {{video https://vimeo.com/7}} as well", FIRST),
        ("- he gave [another talk](https://vimeo.com/7) later", FIRST),
        ("[1:10](https://vimeo.com/7#t=70s)", FIRST),
        ("## [A page](https://example.org/a)", FIRST),
        ("![](https://www.youtube.com/embed/aaaaaaaaaaa)", FIRST),
    ],
)
def test_a_stamp_belongs_to_the_nearest_recording_above_it(between: str, expected: str) -> None:
    head = "---\nsource: https://youtu.be/aaaaaaaaaaa\n---\n"
    note = parse(f"{head}- **First label:** one (1:21)\n\n{between}\n\n- **Second label:** two (1:21)", "a.md")
    urls = [stamp.url for takeaway in note.takeaways for stamp in takeaway.stamps]
    assert urls == [FIRST, expected]
    assert note.source == "https://youtu.be/aaaaaaaaaaa"


def test_an_items_recording_is_for_what_is_below_it() -> None:
    text = "- [One talk](https://vimeo.com/1)\n  - **One:** a (1:21)\n- [Another](https://vimeo.com/2)\n  - **Two:** b (1:21)"
    note = parse(text, "a.md")
    assert [each.stamps[0].url for each in note.takeaways] == ["https://vimeo.com/1#t=81s", "https://vimeo.com/2#t=81s"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://youtu.be/aaaaaaaaaaa?si=x", "https://www.youtube.com/watch?list=WL&v=aaaaaaaaaaa&t=9s", True),
        ("https://overcast.fm/+a/1:21", "http://www.overcast.fm/+a", True),
        ("https://podcasts.apple.com/p/id1?i=1&utm_source=a", "https://podcasts.apple.com/p/id1?i=1&t=4", True),
        ("https://podcasts.apple.com/p/id1?i=1", "https://podcasts.apple.com/p/id1?i=2", False),
        ("https://vimeo.com/7", "https://vimeo.com/8", False),
    ],
)
def test_what_tells_recordings_apart(one: str, other: str, same: bool) -> None:
    assert (providers.identity(one) == providers.identity(other)) is same


@pytest.mark.parametrize(
    ("properties", "url"),
    [
        ('source: "[Watch](https://youtu.be/abcdefghijk)"', "https://youtu.be/abcdefghijk?t=81s"),
        ('source: "[[https://youtu.be/abcdefghijk]]"', "https://youtu.be/abcdefghijk?t=81s"),
        ("url: youtu.be/abcdefghijk", "https://youtu.be/abcdefghijk?t=81s"),
        ("Link: https://youtu.be/abcdefghijk", "https://youtu.be/abcdefghijk?t=81s"),
        ("urls:\n  - platform: film\n    url: https://vimeo.com/7", "https://vimeo.com/7#t=81s"),
        ("video_id: abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("source: https://a.example/p\nvideo_id: abcdefghijk", "https://www.youtube.com/watch?v=abcdefghijk&t=81s"),
        ("source: https://a.example/p\nmedia_link: https://vimeo.com/7", "https://vimeo.com/7#t=81s"),
        ("source: https://a.example/p\nvideo: [https://vimeo.com/7, https://vimeo.com/8]", "https://vimeo.com/7#t=81s"),
        ("duration: 24:19\nsource: https://youtu.be/abcdefghijk?t=9", "https://youtu.be/abcdefghijk?t=81s"),
        ('media: "[[talk.mp3]]"', None),
        ('podcast: "[[The Pilot Hour]]"', None),
    ],
)
def test_which_recording_the_frontmatter_names(properties: str, url: str | None) -> None:
    note = parse(f"---\n{properties}\n---\n- **Depth:** four fathoms (1:21).\n", "a.md")
    assert [stamp for takeaway in note.takeaways for stamp in takeaway.stamps] == [Timestamp(81, None, url)]


@pytest.mark.parametrize("properties", ["source: A book", "source: [[x]]", "url: false\nlink:", "source: a.example/page"])
def test_without_a_recording_a_time_is_text(properties: str) -> None:
    note = parse(f"---\n{properties}\n---\n- **Depth:** four fathoms (1:21).\n", "a.md")
    assert not any(takeaway.stamps for takeaway in note.takeaways)


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        ("url:: https://vimeo.com/1\n\n- **Depth:** four (1:21).\n", ["https://vimeo.com/1#t=81s"]),
        ("- url:: https://vimeo.com/1\n- **Depth:** four (1:21).\n", ["https://vimeo.com/1#t=81s"]),
        (
            "url:: https://vimeo.com/1\n\n- B\n  url:: https://vimeo.com/2\n  - **Deep:** four (1:21).\n- **Wide:** a (1:21)\n",
            ["https://vimeo.com/2#t=81s", "https://vimeo.com/1#t=81s"],
        ),
    ],
)
def test_the_recording_of_an_outline(body: str, urls: list[str]) -> None:
    note = parse(body, "a.md")
    assert [stamp.url for takeaway in note.takeaways for stamp in takeaway.stamps] == urls


def test_tracking_goes_from_what_is_shown_and_the_link_keeps_it() -> None:
    url = "https://a.example/p?utm_source=x&id=7&utm_medium=y#top"
    assert providers.shown(url) == "https://a.example/p?id=7#top"
    assert prose(inline(f"see {url}", {}).prose, {}) == (
        'see <a href="https://a.example/p?utm_source=x&amp;id=7&amp;utm_medium=y#top">https://a.example/p?id=7#top</a>'
    )

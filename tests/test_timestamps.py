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
def test_a_lookalike_is_no_stamp(text: str) -> None:
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


def test_every_provider_stands_in_the_docs_with_a_link_that_is_true() -> None:
    page = (ROOT / "docs" / "timestamps.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| ([\w ]+?) \| `(https://[^`]+)` \|$", page, re.M))
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
def test_two_links_may_name_one_recording(one: str, other: str, same: bool) -> None:
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
def test_the_frontmatter_names_the_recording(properties: str, url: str | None) -> None:
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


# -------------------------------------------------------------------- times that are not of the recording stay text

HEAD = "---\nsource: https://youtu.be/abcdefghijk\n---\n"


def stamps(body: str) -> list[str]:
    return [times.show(stamp) for takeaway in parse(HEAD + body, "a.md").takeaways for stamp in takeaway.stamps]


@pytest.mark.parametrize(
    "text",
    [
        # scripture
        "the letter to the Corinthians says that not all **that is allowed** helps (6:12, 10:23).",
        "in Genesis the old woman **laughs behind the door** (18:12).",
        "the Surah (2:25) has the **gardens and the rivers** in it.",
        "[18:12](https://bible.example.com/GEN.18.12) tells of **the laughing old woman** there.",
        "Psalm 23:04 is of **the shepherd and the valley** he knows.",
        "see (1 Cor 1:10-17) on the **quarrel among the people** there.",
        # the clock
        "the ferry leaves **before the first light** at (06:15).",
        "the yard opens at 9 a.m. for **those who have a boat** (9:00-17:00).",
        "most of them come at dinner **in a single wave** (18:30).",
        "the evening watch **has the worst of it** (20:00 - 23:30).",
        "15:00-16:00 UTC is when **the group of pilots** meets.",
        "6:45pm is when **the second tide** of the day turns.",
        "the Wache beginnt um (08:30) und **dauert bis zum Mittag** dort.",
        # ratios, odds, scores
        "a screen with an aspect ratio of (16:10) **holds more of the chart** than others.",
        "the odds of **such a wave** are small (1:20).",
        "the final score (21:19) was **closer than it looked** to us.",
        # durations
        "the film **of the whole voyage** is here (duration 5:18).",
        "the **first part of the course** is short (5:18) (47%).",
        "its length (52:27) is **more than a tide** takes.",
        # code, addresses, dates, versions
        "the call `sleep(12:30)` **waits for the tide** to turn.",
        "the log says `12:30` and **the buoy is silent** then.",
        "the station at 10.0.0.1:80 **answers to nobody else** today.",
        "on 2025-09-19T14:57 the **whole mast came down** at once.",
        "mix it (3:2) and **stir until it is thick** enough.",
    ],
)
def test_it_is_no_place_in_the_recording(text: str) -> None:
    assert stamps(f"- {text}\n") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the model is **trained on the whole web** (12:34).", "12:34"),
        ("in the morning talk he says **it is the whole web** (12:33).", "12:33"),
        ("I am sure that **nobody has read it** (12:30).", "12:30"),
        ("John says that **nobody has read it** (3:16).", "3:16"),
        ("we train at night **because it is cheaper** (12:30).", "12:30"),
        ("Genesis is **the oldest of the books** to him (12:05).", "12:05"),
        ("the ratio of **salt to water** matters (1:12:30).", "1:12:30"),
        ("the ratio matters. It is **salt to water** (12:30).", "12:30"),
        ("sleep before lunch **makes the evening longer** (9:40 - 10:05).", "9:40–10:05"),
        ("he opens with **the story of the ferry** (0:00 - 1:35).", "0:00–1:35"),
    ],
)
def test_it_is_one_although_a_word_beside_it_might_say_otherwise(text: str, expected: str) -> None:
    assert stamps(f"- {text}\n") == [expected]


def test_a_linked_time_is_one_whatever_stands_beside_it() -> None:
    assert stamps("- dinner at noon [12:30](https://youtu.be/abcdefghijk?t=750) was **the turn of it** all.\n") == ["12:30"]


def test_a_note_that_cites_scripture_has_its_verses_in_brackets_as_text() -> None:
    body = "In Galatians 3 and 1 Cor 6:12 he says it.\n\n- **Refrain:** all may be done, but not all builds up (6:12, 10:23).\n"
    assert stamps(body) == []
    assert stamps(f"{body}- **Late:** true [39:22].\n") == ["39:22"]
    # a fifth second is written `:05`, a fifth verse never is: this note writes its times so
    assert stamps(f"{body}- **Early:** it begins (4:05).\n") == ["6:12", "10:23", "4:05"]


def test_a_plan_of_the_day_has_no_places_in_the_recording() -> None:
    plan = "- **Wake (06:30 - 07:30):** no screen.\n- **Set (07:30 - 07:35):** a desk.\n- **Deep (07:35 - 09:05):** work.\n"
    assert stamps(plan) == []
    chapters = plan.replace("06:30 - 07:30", "00:00 - 07:30")
    assert stamps(chapters) == ["0:00–7:30", "7:30–7:35", "7:35–9:05"]


SIBLINGS = "- a first thing **about the tide** that runs (4:12)\n- a second thing **about the moon** that pulls (6:43)\n"


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("no coffee **by two in the afternoon**, that is 2 pm, at the latest (6:30)", "6:30"),
        ("dinner at 7 o'clock **makes for a bad night** all the same (9:30).", "9:30"),
        ("the ratio **is what counts** in any storm (9:30)", "9:30"),
        ("**Opening hours:** nobody keeps them on the island (12:30)", "12:30"),
        ("**Genesis:** how the yard began with a single boat (20:30)", "20:30"),
        # the word beside it still tells
        ("the crew **gets up before the sun** at dinner (18:30)", None),
        ("the tide **turns on that day** at (06:15)", None),
        ("a screen of **more than one chart** has the aspect ratio (16:10)", None),
        # and so does a time that is not the ending
        ("at dinner (18:30) they **come in a single wave** and eat.", None),
    ],
)
def test_a_time_at_the_end_is_one_among_takeaways_that_end_in_stamps(text: str, stamp: str | None) -> None:
    assert stamps(f"- {text}\n") == []
    assert stamps(f"{SIBLINGS}- {text}\n") == ["4:12", "6:43", *([stamp] if stamp else [])]


def test_a_note_that_cites_scripture_has_no_such_habit() -> None:
    verse = "- in Genesis **the second day of all** is told (1:30)\n"
    assert stamps(SIBLINGS + verse) == ["4:12", "6:43", "1:30"]
    assert "1:30" not in stamps(f"{SIBLINGS}- Psalm 104:25 is of **all the ships** that go.\n{verse}")

from __future__ import annotations

import datetime
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.anki.render import breadcrumb
from cards.generator import generate
from cards.parser import frontmatter, metadata
from cards.vault.config import Config
from cards.vault.naming import clean_tag, deck_of, file_name, tags_of
from tests.reading import note_of

CONFIG = Config(root=Path("/vault"), notes=(), out=Path("/vault/decks"))


def test_the_body_keeps_its_line_numbers() -> None:
    found = frontmatter.split("---\ntitle: T\n---\n\n\nbody")
    assert (found.values, found.body, found.first_line) == ({"title": "T"}, "\n\nbody", 4)


@pytest.mark.parametrize("text", ["---\n\ntext\n\n---\n\nmore", "---\nno end", "-----\na: b\n", "text\n---\na: b\n---\n"])
def test_a_rule_is_no_frontmatter(text: str) -> None:
    assert frontmatter.split(text) == ({}, text, 1, None)


def test_broken_yaml_keeps_the_body_and_what_can_be_read() -> None:
    note = note_of("---\ntitle: Depth: a study\nlast: {{date}}\nsource: https://youtu.be/abcdefghijk\n---\n- **A b:** c (1:10)")
    assert note.title == "Depth: a study"
    assert [stamp.start for stamp in note.takeaways[0].stamps] == [70]
    assert [(problem.line, problem.code) for problem in note.problems] == [(2, "frontmatter")]


@given(st.text(alphabet=st.sampled_from("-:\n\t[]{}&*!|>'\"%@`#, abc013"), max_size=80))
def test_no_frontmatter_raises(head: str) -> None:
    note_of(f"---\n{head}\n---\n- **Label:** text")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("[[Mira Holt]]", ["Mira Holt"]),
        ([["Mira Holt"]], ["Mira Holt"]),
        (["[[people/Mira|Mira]]", "Jo"], ["Mira", "Jo"]),
        ("[Mira](https://example.org)", ["Mira"]),
        (None, []),
        (False, []),
        (1459, ["1459"]),
        (datetime.date(2026, 3, 14), ["2026-03-14"]),
        ({"platform": "youtube", "url": None}, ["youtube"]),
    ],
)
def test_every_shape_of_a_value(value: object, expected: list[str]) -> None:
    assert list(metadata.strings(value)) == expected


@pytest.mark.parametrize(
    "head", ["title: &a [*a]", "title: 0x" + "f" * 6000, "deck: &a {b: *a}", "tags: [[[[[[[[[[x]]]]]]]]]]"]
)
def test_monstrous_values_cost_no_card(head: str) -> None:
    note = note_of(f"---\n{head}\n---\n- **A b:** c")
    assert len(note.takeaways) == 1
    assert isinstance(deck_of(CONFIG, note), str)
    tags_of(note, CONFIG.tags)


_LAUGHS = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 8)}]\n" for before, one in pairwise("abcdefgh")
)


@pytest.mark.parametrize(
    ("head", "line", "reason"),
    [  # no reason where the YAML library says it in words of its own
        (f"{_LAUGHS}tags: *h", 3, "an alias (`*name`); write its value out"),
        ("tags: &a [x, *a, *a, *a, *a, *a, *a, *a, *a]", 2, "an alias (`*name`); write its value out"),
        ("a: &a {x: 1}\nb: {<<: *a}", 3, "an alias (`*name`); write its value out"),
        ("title: !!python/object/apply:os.getcwd []", 2, ""),
        ("title: !!binary aGVsbG8=", 2, ""),
        ("tags: " + "[" * 90_000 + "]" * 90_000, 2, ""),
        ("tags:\n " + "- " * 90_000 + "x", 3, ""),
        ("? " * 90_000, 2, ""),
        ("title: 1" + ":00" * 60_000, 2, "a number of too many digits; put it in quotes"),
        ("title: " + "9" * 100_000, 2, "a number of too many digits; put it in quotes"),
        ("".join(f"k{n}: a value\n" for n in range(100_000)), 1, "it is longer than 200,000 characters"),
    ],
)
def test_a_frontmatter_beyond_measure_is_refused_in_a_sentence(head: str, line: int, reason: str) -> None:
    began = time.process_time()
    note = note_of(f"---\n{head}\n---\n- **A b:** c")
    assert time.process_time() - began < 5
    assert len(note.takeaways) == 1
    ((found, message),) = [(problem.line, problem.message) for problem in note.problems]
    assert found == line
    assert f"the frontmatter can't be read ({reason}" in message


def test_the_recording_comes_before_the_page() -> None:
    values = {"source": "https://example.org/p", "Video": "https://youtu.be/abcdefghijk", "llms": ["https://chat.example"]}
    assert metadata.recordings(values) == ["https://youtu.be/abcdefghijk", "https://example.org/p"]
    assert metadata.page(values) == "https://example.org/p"

    assert metadata.recordings({"videoId": "abcdefghijk"}) == ["https://www.youtube.com/watch?v=abcdefghijk"]
    assert metadata.recordings({"video_id": "nonsense"}) == []


@pytest.mark.parametrize(
    ("head", "path", "deck"),
    [
        ("", "Note.md", "Takeaways"),
        ("", "Talks/2026/Note.md", "Talks::2026"),
        ("deck: Sea::Harbours", "Talks/Note.md", "Sea::Harbours"),
        ("cards-deck: ' Sea :: Harbours '", "Note.md", "Sea::Harbours"),
        ("TARGET DECK: Sea", "Note.md", "Sea"),
        ('deck: ""', "Talks/Note.md", "Talks"),
        (f"deck: {'d::' * 29}d", "Note.md", f"{'d::' * 9}d"),  # no deeper than Anki takes
    ],
)
def test_decks(head: str, path: str, deck: str) -> None:
    assert deck_of(CONFIG, note_of(f"---\n{head}\n---\ntext", path)) == deck


def test_tags_of_a_podcast() -> None:
    head = "tags: [sea/north, '#Tide', two words, marked]\nshow: '[[The Long Thread]]'\n"
    head += "guests:\n- [[Mira Holt]]\ntopics: [[Tides]]\nauthor:"
    tags = ("Tide", "guest::Mira_Holt", "sea::north", "show::The_Long_Thread", "topic::Tides", "two_words")
    assert tags_of(note_of(f"---\n{head}\n---\ntext"), CONFIG.tags) == tags


@pytest.mark.parametrize(
    ("head", "title", "byline", "tags"),
    [
        (
            "show:\n- '[[The Long Thread]]'\nguests: ['[[People/Mira Holt]]']\nhost: '[[Jo Lind]]'\npublished: 2025-10-18",
            *("Tides", ("Mira Holt", "The Long Thread")),
            ("guest::Mira_Holt", "host::Jo_Lind", "published::2025", "show::The_Long_Thread"),
        ),
        (
            "guests: [[Mira Holt]]\nshow: '[The Long Thread](https://a.example)'\ntopics: ['[[Sea/Tides]]', '[[Sea|wind]]']",
            *("Mira Holt on tides", ("The Long Thread",)),
            ("guest::Mira_Holt", "show::The_Long_Thread", "topic::Sea::Tides", "topic::wind"),
        ),
        ("author: Mira Holt, Jo Lind", "Tides", ("Mira Holt, Jo Lind",), ("author::Jo_Lind", "author::Mira_Holt")),
        ("guests: [mira-holt]\npodcast: the-long-thread", "Tides", ("Mira Holt", "The Long Thread"), None),
        ("guests: [A B, C D, E F, G H]\nhost: []", "Tides", ("A B, C D, E F…",), None),
        ("author: [https://a.example/mira, '[[Mira Holt]]']", "Tides", ("Mira Holt",), ("author::Mira_Holt",)),
        ("guests:\nshow: null\nhost: false\nauthor: ''\ntopics: [[]]", "Tides", (), ()),
        ("duration: 24:19\npublished: false\nguests: [[[[[Mira]]]]]", "Tides", ("Mira",), ("guest::Mira",)),
        ("guests: {name: Mira, site: https://a.example}\npublished: 1459", "Tides", ("Mira",), ("guest::Mira",)),
        ("title: Sea: a talk\nguests: '[[Mira Holt]]'\npublished: October 2025", "Tides", ("Mira Holt",), None),
    ],
)
def test_the_byline_names_the_people_and_the_show(
    head: str, title: str, byline: tuple[str, ...], tags: tuple[str, ...] | None
) -> None:
    note = note_of(f"---\n{head}\n---\n- **Depth:** four fathoms\n", f"{title}.md")
    assert note.byline == byline
    found = tags_of(note, CONFIG.tags)
    assert tags is None or found == tags
    assert not any("[" in tag or "]" in tag for tag in found)


def test_the_byline_stands_behind_the_title_and_gives_nothing_away() -> None:
    head = "---\nguests: '[[Mira Holt]]'\nshow: '[[The Long Thread]]'\n---\n"
    note = note_of(f"{head}## Depth\n- **Sounding:** the lead told **Mira Holt** of shoals no chart had shown.", "Tides.md")
    asked, cloze = generate(note).drafts
    assert breadcrumb(asked.place) == "Tides · Mira Holt · The Long Thread › Depth"
    assert breadcrumb(cloze.place) == "Tides · The Long Thread › Depth › Sounding"
    assert asked.place.context == ("Tides", "Depth")


@given(st.text(max_size=40))
def test_every_tag_is_one_that_anki_takes(text: str) -> None:
    tag = clean_tag(text)
    assert not any(char.isspace() or ord(char) < 32 for char in tag)
    assert "" not in tag.split("::") or tag == ""
    assert tag.casefold() not in ("marked", "leech")


@given(st.text(max_size=200))
def test_every_deck_name_is_a_file_name(deck: str) -> None:
    assert (name := file_name(deck))
    assert not set('<>:"/\\|?*') & set(name)
    assert name.strip(" .") == name
    assert len(name) <= 101

"""Times that are not of the recording stay text, even in a note that has one."""

from __future__ import annotations

import pytest

from cards.parser import parse
from cards.timestamps.times import show

HEAD = "---\nsource: https://youtu.be/abcdefghijk\n---\n"


def stamps(body: str) -> list[str]:
    return [show(stamp) for takeaway in parse(HEAD + body, "a.md").takeaways for stamp in takeaway.stamps]


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
def test_where_takeaways_end_in_stamps_an_ending_is_one(text: str, stamp: str | None) -> None:
    assert stamps(f"- {text}\n") == []
    assert stamps(f"{SIBLINGS}- {text}\n") == ["4:12", "6:43", *([stamp] if stamp else [])]


def test_a_note_that_cites_scripture_has_no_such_habit() -> None:
    verse = "- in Genesis **the second day of all** is told (1:30)\n"
    assert stamps(SIBLINGS + verse) == ["4:12", "6:43", "1:30"]
    assert "1:30" not in stamps(f"{SIBLINGS}- Psalm 104:25 is of **all the ships** that go.\n{verse}")

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cards.identity import ledger_file
from cards.identity.assignment import best_pairs
from cards.identity.fingerprint import ordinals_of, phrases_of
from cards.identity.ledger import Entry, Ledger, Phrase
from cards.identity.ledger_file import FORMAT
from cards.model import CardsError, Cloze, Deletion, Place, Run
from cards.pipeline.output import read_ledger
from tests.vaults import built, git, write

TEXT = st.text(max_size=20)
PHRASES = st.lists(TEXT, max_size=4).map(lambda texts: tuple(Phrase(n, text, n % 2 == 0) for n, text in enumerate(texts, 1)))
ENTRIES = st.lists(
    st.builds(
        Entry,
        guid=st.text("abcdef234567", min_size=1, max_size=13),
        kind=st.sampled_from(["qa", "cloze"]),
        deck=TEXT,
        note=TEXT,
        line=st.integers(0, 10**6),
        key=TEXT,
        ask=TEXT,
        text=TEXT,
        phrases=PHRASES,
        parts=TEXT,
        mod=st.integers(0, 2**33),
        born=st.integers(0, 2**33),
        retired=st.sampled_from([0, 1795400000]),
        block=TEXT,
    ),
    unique_by=lambda entry: entry.guid,
    max_size=6,
)


@given(ENTRIES)
def test_a_ledger_is_read_as_it_was_written(entries: list[Entry]) -> None:
    text = ledger_file.dump(entries)
    assert ledger_file.load(text) == {entry.guid: entry for entry in entries}
    assert ledger_file.dump(ledger_file.load(text).values()) == text


def entry(guid: str = "aaa", kind: Literal["qa", "cloze"] = "cloze", **more: Any) -> Entry:
    usual = {"deck": "D", "note": "n.md", "line": 1, "key": "k", "ask": "", "text": "t", "phrases": (), "parts": "p"}
    return Entry(guid=guid, kind=kind, **{**usual, "mod": 5, "born": 5, **more})


DEPTH: dict[str, Any] = {"kind": "qa", "ask": "depth", "text": "four fathoms"}
GAPS = (Phrase(1, "deep"), Phrase(2, "x", True))
SMALL = ledger_file.dump([entry(**DEPTH), entry("bbb", line=2, text="the sea is “deep”", phrases=GAPS)])


def merged(*entries: Entry) -> Entry:
    """What is left of lines for one guid."""
    head, foot = ledger_file.dump([]).splitlines()
    lines = [ledger_file.dump([each]).splitlines()[1] for each in entries]
    (found,) = ledger_file.load("\n".join([head, *lines, foot])).values()
    return found


def test_a_ledger_cut_at_any_byte_is_refused() -> None:
    whole = SMALL.encode()
    for length in range(len(whole) - 1):
        cut = whole[:length].decode(errors="ignore")
        with pytest.raises(CardsError, match=r"ledger\.jsonl:\d+: "):
            ledger_file.load(cut)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: [*lines[:2], "<<<<<<< HEAD", *lines[2:]], ":3: a merge conflict"),
        (lambda lines: ["<<<<<<< HEAD", *lines], ":1: a merge conflict"),
        (lambda lines: [lines[0], lines[1].replace('"qa"', '"basic"'), *lines[2:]], ":2: this line is damaged"),
        (lambda lines: [lines[0], lines[1].replace(",1,", ',"1",'), *lines[2:]], ":2: this line is damaged"),
        (lambda lines: [lines[0], lines[1][:-3], *lines[2:]], ":2: this line is damaged"),
        (lambda lines: [*lines[:2], lines[2].replace('[1,"deep"]', '["1","deep"]'), *lines[3:]], ":3: this line is damaged"),
        (lambda lines: [*lines[:2], lines[2].replace(',"#', ',"'), *lines[3:]], ":3: this line is damaged"),
        (lambda lines: [*lines[:2], lines[2].replace(',"#', ',"#A'), *lines[3:]], ":3: this line is damaged"),
        (lambda lines: [lines[0], lines[1].replace("5,", "5", 1), *lines[2:]], ":2: this line is damaged"),
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: [lines[0].replace(f": {FORMAT}", ": 99"), *lines[1:]], "update Cards"),
        (lambda lines: [lines[0].replace(f": {FORMAT}", ": 0"), *lines[1:]], ":1: this is not a ledger"),
        (lambda lines: [lines[0].replace(f": {FORMAT}", f': "{FORMAT}"'), *lines[1:]], ":1: this is not a ledger"),
        (
            lambda lines: [*lines[:2], lines[0].replace(f": {FORMAT}", f": {FORMAT + 1}"), *lines[2:]],
            f":3: its format {FORMAT + 1} is newer",
        ),
        (lambda lines: ["# notes", *lines[1:]], ":1: this is not a ledger"),
    ],
)
def test_damage_names_the_line(change, says: str) -> None:  # type: ignore[no-untyped-def]
    lines = SMALL.splitlines()
    with pytest.raises(CardsError, match=says.replace(".", r"\.")):
        ledger_file.load("\n".join(change(lines)) + "\n")


def test_one_letter_that_is_another_is_damage() -> None:
    lines = SMALL.split("\n")
    for number, line in enumerate(lines[1:3], 2):
        for place in range(len(line)):
            for letter in "a0x,#]":
                if line[place] == letter:
                    continue
                altered = line[:place] + letter + line[place + 1 :]
                text = "\n".join([*lines[: number - 1], altered, *lines[number:]])
                with pytest.raises(CardsError, match=rf"ledger\.jsonl:{number}: this line is damaged"):
                    ledger_file.load(text)


def _of_format_1(text: str) -> list[str]:
    """The lines of a ledger as they were written before there were checksums."""
    lines = [line[: -len(',"#abcd"]')] + "]" if line.startswith("[") else line for line in text.splitlines()]
    return [lines[0].replace(f'"cards-ledger": {FORMAT}', '"cards-ledger": 1').replace(', "#"', ""), *lines[1:]]


def test_lines_of_both_formats_merge() -> None:
    """One of two machines has the older version still: git's union keeps both headers and both kinds of lines."""
    entries = list(ledger_file.load(SMALL).values())
    newer = ledger_file.dump([replace(entries[0], mod=7)]).splitlines()
    older = _of_format_1(ledger_file.dump(entries))
    for headers in ([newer[0], older[0]], [older[0], newer[0]]):
        both = [*headers, newer[1], *older[1:-1], newer[-1]]
        assert ledger_file.load("\n".join(both) + "\n") == {"aaa": replace(entries[0], mod=7), "bbb": entries[1]}
        with pytest.raises(CardsError, match=r":3: this line is damaged"):
            ledger_file.load("\n".join([*headers, newer[1].replace("fathoms", "fathons"), *older[1:]]) + "\n")


def test_sound_lines_are_salvaged_apart_from_altered_ones() -> None:
    for whole in (SMALL.splitlines(), _of_format_1(SMALL)):
        sums = whole[1].endswith('"]')
        altered = "\n".join([whole[0], whole[1].replace("four", "five"), whole[2][:-2], "[]", "{}", "7", "null", *whole[1:]])
        sound, odd = ledger_file.salvage(altered)
        assert set(sound) == {"aaa", "bbb"}
        assert {entry.text for entry in odd.values()} == ({"five fathoms"} if sums else set())


def test_a_guid_that_stands_twice_is_one_card() -> None:
    old = entry(phrases=(Phrase(1, "x"), Phrase(3, "z")))
    new = entry(line=9, phrases=(Phrase(1, "x"), Phrase(2, "y")), parts="q", mod=7)
    for pair in ([old, new], [new, old]):
        one = merged(*pair)
        assert (one.line, one.mod) == (9, 7)
        assert one.phrases == (Phrase(1, "x"), Phrase(2, "y"), Phrase(3, "z", gone=True))


def test_two_cards_of_one_time_that_differ_are_a_newer_one() -> None:
    """Of a takeaway written on two machines Anki may know either, and takes only what is newer."""
    one = entry(phrases=(Phrase(1, "x"),))
    other, moved = replace(one, phrases=(Phrase(1, "y"),), parts="q"), replace(one, note="m.md", line=7)
    for pair, mod in (([one, other], 6), ([other, one], 6), ([one, moved], 5), ([moved, one], 5)):
        assert merged(*pair).mod == mod


def test_it_stays_small(tmp_path: Path) -> None:
    bullet = "- **Label number {n} of it:** the text goes on for a while and has **a phrase of {n} words** in it. So it does.\n"
    for n in range(20):
        text = "".join(bullet.format(n=10 * n + m) for m in range(5))
        write(tmp_path, {f"Podcasts/A talk about the sea and the harbour {n}.md": text})
    built(tmp_path)
    content = (tmp_path / "decks" / ledger_file.NAME).read_bytes()
    cards = content.count(b"\n") - 2
    assert cards == 200
    assert len(content) / cards <= 300  # 100,000 cards stay below 30 MB


def test_two_peoples_changes_merge_by_themselves(tmp_path: Path) -> None:
    labels = "".join(f"- **Label {n}:** text of {n}\n" for n in range(6))

    def commit(name: str, text: str) -> Ledger:
        entries = built(write(tmp_path, {name: text})).result.entries
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", name)
        return entries

    git(tmp_path, "init", "-q", "-b", "main")
    before = commit("a.md", labels)
    git(tmp_path, "checkout", "-qb", "theirs")
    commit("b.md", "- **Theirs:** a new one\n- **Another of theirs:** and one more\n")
    git(tmp_path, "checkout", "-q", "main")
    commit("a.md", labels.replace("text of 2", "words of 2"))
    # the decks are made anew after a merge, the ledger has to merge by itself
    git(tmp_path, "merge", "-q", "theirs", "-X", "ours", "-m", "merged")
    found = read_ledger(tmp_path / "decks")
    assert set(before) < set(found)
    assert len(found) == 8
    assert not [change for change in built(tmp_path).result.changes if change.status in ("new", "retired")]


@given(st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(1, 100).map(float), max_size=14))
def test_the_best_pairs_are_the_best(weights: dict[tuple[int, int], float]) -> None:
    pairs = best_pairs(weights)
    assert len({row for row, _ in pairs}) == len(pairs) == len({column for _, column in pairs})
    assert set(pairs) <= set(weights)

    def best(left: list[int], used: frozenset[int]) -> float:
        if not left:
            return 0.0
        row, *rest = left
        return max(
            [best(rest, used)]
            + [weights[pair] + best(rest, used | {pair[1]}) for pair in weights if pair[0] == row and pair[1] not in used]
        )

    assert sum(weights[pair] for pair in pairs) == best(sorted({row for row, _ in weights}), frozenset())


def test_two_phrases_that_two_machines_gave_one_number_keep_none_of_it() -> None:
    """Of which of them the reviews in Anki are, nothing tells; so they are those of neither."""
    base = entry(phrases=(Phrase(1, "banks by name"),))
    one = replace(base, phrases=(*base.phrases, Phrase(2, "currents by hour")))
    other = replace(base, phrases=(Phrase(1, "the banks by name"), Phrase(2, "winds by month")), parts="q", mod=7)
    words = ("banks by name", "currents by hour", "winds by month")
    text = " and ".join(words)
    gaps = tuple(Deletion(n, text.index(each), text.index(each) + len(each), each) for n, each in enumerate(words, 1))
    draft = Cloze(Place("n.md", 1, ("n",), ()), (Run(text),), gaps, (), None)
    for pair in ([one, other], [other, one]):
        both = merged(*pair)
        assert both.phrases == (Phrase(1, "the banks by name"), Phrase(2, "", gone=True))
        assert ordinals_of(phrases_of(draft), both, typed=False) == (1, 3, 4)


@pytest.mark.parametrize("guid", ["a or deck:*", "x</script>", "[sound:a.mp3]", "Aaa", "a1", "", "a\n"])
def test_a_guid_is_what_a_guid_can_be(guid: str) -> None:
    """It stands in the searches that we print, and in a field."""
    wrong = entry(guid, **DEPTH)
    assert not ledger_file.is_sound(wrong)
    with pytest.raises(CardsError, match=r":2: this line is damaged"):
        ledger_file.load(ledger_file.dump([wrong]))


@pytest.mark.parametrize("line", ["[" * 100_000, "{" * 100_000, '["aaa","qa","\\ud800","n.md",1,"k","","t"]', '"' + "x" * 10])
def test_a_line_that_is_none_at_all_is_damage(line: str) -> None:
    lines = SMALL.splitlines()
    for wrong in (line, ledger_file._with_sum(line[:-1])):
        for at in (0, 1):
            with pytest.raises(CardsError, match=rf":{at + 1}: "):
                ledger_file.load("\n".join([*lines[:at], wrong, *lines[at + 1 :]]) + "\n")
        ledger_file.salvage("\n".join([lines[0], wrong, *lines[1:]]))
        assert ledger_file.root_of(wrong) == ""

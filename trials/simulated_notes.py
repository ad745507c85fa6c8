"""Notes whose every takeaway has a number that only the simulation knows, and the edits that people do to them.

A note is a row of lines, each a `Takeaway` or some `Other` text, so that a line of a file is known again after a merge by git.
A takeaway's number stays with it whatever is done to it, a sentence has one of its own: by them it is seen which card passed
to whom.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import NamedTuple

from benchmarks.vault import LANGUAGES, Language, Writing
from cards.identity.ledger import Entry
from cards.identity.similarity import normal

_END = re.compile(r"(.*?)(\W*)$", re.S)
MONTH = 4  # weeks
DECKS = 16


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a takeaway; the tokens of a language without spaces are characters.

    `bold` are spans of tokens, end excluded.
    """

    serial: int
    tokens: tuple[str, ...]
    bold: tuple[tuple[int, int], ...] = ()
    mark: str = "**"
    space: str = " "

    @property
    def plain(self) -> str:
        return self.space.join(self.tokens)

    @property
    def text(self) -> str:
        shown = list(self.tokens)
        for start, end in self.bold:
            word, rest = _END.match(shown[end - 1]).groups()  # type: ignore[union-attr]
            shown[end - 1] = word + self.mark + rest
            shown[start] = self.mark + shown[start]
        return self.space.join(shown)


@dataclass(frozen=True, slots=True)
class Takeaway:
    """One bullet: a label or none, sentences, a stamp, how deep it stands, and an Obsidian block id."""

    serial: int
    sentences: tuple[Sentence, ...]
    label: str = ""
    style: str = "**{label}:** "
    stamp: str = ""
    depth: int = 0
    block: str = ""
    space: str = " "

    @property
    def plain(self) -> str:
        return " ".join((self.label, *(each.plain for each in self.sentences)))

    @property
    def text(self) -> str:
        label = self.style.format(label=self.label) if self.label else ""
        body = self.space.join(each.text for each in self.sentences)
        return "\t" * self.depth + f"- {label}{body}{self.stamp}".rstrip() + (f" ^{self.block}" if self.block else "")


@dataclass(frozen=True, slots=True)
class Other:
    """A line that is no takeaway: frontmatter, a heading, prose."""

    text: str
    serial: int = 0


Line = Takeaway | Other
Note = tuple[Line, ...]


class Who(NamedTuple):
    """The true identity of a card: its kind, and the number of the label, heading or sentence that it is of."""

    kind: str
    serial: int


@dataclass
class Vault:
    """The notes by path, and what was deleted from them, with the week of it."""

    notes: dict[str, Note] = field(default_factory=dict)
    trash: list[tuple[int, str, Note]] = field(default_factory=list)
    former: dict[int, Takeaway] = field(default_factory=dict)  # what a takeaway was before its last edit

    def copy(self) -> Vault:
        return Vault(dict(self.notes), list(self.trash), dict(self.former))

    def card_of(self, entry: Entry, owner: Who | None = None) -> tuple[Who, str]:
        """Who a card of the ledger truly is, by its place, and its words.

        Where sentences run together it is any of them: the one that it was, its `owner`, if that is among them.
        """
        lines = self.notes[entry.note]
        at = entry.line - 1
        line = lines[at]
        if isinstance(line, Other):
            return Who("other", line.serial), line.text
        if entry.kind == "cloze":
            gaps = [normal(each.text) for each in entry.phrases if not each.gone]
            for sentence in line.sentences:
                if owner == Who("cloze", sentence.serial) and normal(sentence.plain)[:10] in entry.text:
                    return owner, sentence.plain
            sentence = max(line.sentences, key=lambda each: _overlap(normal(each.plain), entry.text, gaps))
            return Who("cloze", sentence.serial), sentence.plain
        if line.label and normal(line.label).startswith(entry.ask[:20]):
            return Who("qa", line.serial), " ".join(_plain(each) for each in lines[at : end_of(lines, at)])
        above = next((each for each in reversed(lines[:at]) if isinstance(each, Other) and each.text.startswith("#")), None)
        if above is not None and not line.label:
            stop = next((n for n in range(at, len(lines)) if isinstance(lines[n], Other)), len(lines))
            return Who("list", above.serial), " ".join(map(_plain, (above, *lines[at:stop])))
        return Who("qa", line.serial), _plain(line)


def _plain(line: Line) -> str:
    return line.text if isinstance(line, Other) else line.plain


def _overlap(plain: str, text: str, gaps: Sequence[str]) -> tuple[bool, int, int]:
    """How much of a sentence a card's text is; where two sentences run together, the one with its gaps."""
    words = sum((Counter(plain.split()) & Counter(text.split())).values())
    return plain[: len(text)] == text, sum(gap in plain for gap in gaps), words


def end_of(lines: Note, at: int) -> int:
    """Where a takeaway and all that stands deeper below it end."""
    first = lines[at]
    depth = first.depth if isinstance(first, Takeaway) else 0
    end = at + 1
    while end < len(lines) and isinstance(line := lines[end], Takeaway) and line.depth > depth:
        end += 1
    return end


def _deeper(lines: Note, by: int) -> Note:
    """A takeaway and its children so many steps further in."""
    return tuple(replace(each, depth=each.depth + by) for each in lines if isinstance(each, Takeaway))


def tidy(lines: Iterable[Line]) -> Note:
    """The lines with no takeaway more than a step deeper than the one above it, as any editor of outlines keeps them."""
    found: list[Line] = []
    deepest = 0
    for line in lines:
        if isinstance(line, Takeaway) and line.depth > deepest:
            line = replace(line, depth=deepest)
        deepest = line.depth + 1 if isinstance(line, Takeaway) else 0
        found.append(line)
    return tuple(found)


def text_of(note: Note) -> str:
    return "".join(f"{line.text}\n" for line in note)


class Author:
    """Who writes the notes: the same draws give the same vault. `serials` number takeaways, sentences and headings."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.serials = count(1)
        self.origins: dict[int, int] = {}  # what a serial is a copy of
        self.done: Counter[str] = Counter()

    # ------------------------------------------------------------------------------------------------------ new text

    def _voice(self, language: Language | None = None) -> Writing:
        voice = Writing(self.draw)
        voice.timed = True
        voice.words = language or voice.words
        return voice

    def _tokens(self, text: str, space: str) -> tuple[str, ...]:
        return tuple(text.split(" ") if space else text)

    def _told(self, text: str, space: str) -> tuple[str, ...]:
        """The tokens of a sentence or label with names, terms and figures of its own in it, as real ones have them."""
        tokens = self._tokens(text, space)
        return tuple(self._own(each) if each.isalpha() and self.draw.random() < 0.4 else each for each in tokens)

    def _own(self, token: str) -> str:
        if len(token) == 1:
            return chr(self.draw.randrange(0x4E00, 0x9000)) if token > "\u3000" else token
        return "".join(self.draw.choice(_SYLLABLES) for _ in range(self.draw.randint(2, 4))) if len(token) > 3 else token

    def label(self, voice: Writing) -> str:
        return voice.words.space.join(self._told(voice.label(), voice.words.space))

    def sentence(self, voice: Writing) -> Sentence:
        space = voice.words.space
        made = Sentence(next(self.serials), self._told(voice.sentence(), space), (), "**", space)
        return self._bolder(made) if self.draw.random() < 0.6 else made

    def _bolder(self, one: Sentence) -> Sentence:
        """The sentence with a phrase of it in bold."""
        length = self.draw.randint(1, 3) if one.space else self.draw.randint(2, 5)
        start = self.draw.randrange(max(1, len(one.tokens) - length))
        span = (start, min(start + length, len(one.tokens)))
        words = one.tokens[span[0] : span[1]]
        if any(span[0] < end and start < span[1] for start, end in one.bold) or not all(each[0].isalnum() for each in words):
            return one
        return replace(one, bold=tuple(sorted((*one.bold, span))), mark=self.draw.choice(("**", "**", "**", "==")))

    def takeaway(self, voice: Writing, depth: int = 0) -> Takeaway:
        space, mark = voice.words.space, voice.words.mark
        label = self.label(voice) if self.draw.random() < 0.6 else ""
        styles = (f"**{{label}}{mark}**{space}", f"**{{label}}**{mark}{space}", "**{label}** — ", "{label}? :: ")
        style = self.draw.choices(styles, (6, 3, 2, 1))[0]
        sentences = tuple(self.sentence(voice) for _ in range(self.draw.randint(1, 3)))
        return Takeaway(next(self.serials), sentences, label, style, voice.stamp(0.5), depth, "", space)

    def heading(self, text: str) -> list[Line]:
        return [Other(""), Other(f"## {text}", next(self.serials)), Other("")]

    def note(self) -> tuple[str, Note]:
        """The title and the lines of a new note."""
        voice = self._voice()
        lines: list[Line] = [Other(each) for each in voice.frontmatter().rstrip("\n").split("\n")]
        lines += [Other(""), Other(voice.prose(1, 3))]
        for _ in range(self.draw.randint(1, 2)):
            lines += self.heading(voice.label())
            for _ in range(self.draw.randint(1, 4)):
                lines.append(self.takeaway(voice))
                if self.draw.random() < 0.15:
                    lines += [self.takeaway(voice, 1) for _ in range(self.draw.randint(1, 3))]
        if self.draw.random() < 0.3:
            lines += self.heading(voice.words.headings[0])
            lines += [
                Takeaway(next(self.serials), (replace(self.sentence(voice), bold=()),)) for _ in range(self.draw.randint(2, 5))
            ]
        return voice.title, (*lines, Other(""), Other(voice.prose(1, 2)))

    # --------------------------------------------------------------------------------------------------------- edits

    def new_note(self, vault: Vault) -> str:
        """Write a new note; its path."""
        title, lines = self.note()
        number = next(self.serials)
        path = f"Deck {self.draw.randrange(DECKS):02}/{title} {number}.md"
        vault.notes[path] = lines
        self.done["new note"] += 1
        return path

    def edit(self, vault: Vault, desk: list[str], week: int) -> None:
        """One edit in one of the notes on the desk, of a kind as often as it is in real vaults."""
        kinds: dict[Callable[[Vault, str, int], bool], float] = {
            self.append: 22, self.reword: 24, self.bold: 8, self.stamp: 6, self.relabel: 5, self.reorder: 5, self.nest: 3,
            self.move: 5, self.rename: 2, self.move_note: 1, self.delete: 4, self.restore: 3, self.split: 2, self.join: 2,
            self.split_note: 0.4, self.merge_notes: 0.4, self.frontmatter: 3, self.retag: 1, self.redeck: 0.4,
            self.duplicate_note: 0.4, self.delete_note: 0.4, self.rewrite: 1, self.pin: 0.5, self.undo: 1,
        }  # fmt: skip
        for _ in range(50):
            kind = self.draw.choices(list(kinds), list(kinds.values()))[0]
            here = [path for path in desk if path in vault.notes] or list(vault.notes)
            if kind(vault, self.draw.choice(here), week):
                self.done[kind.__name__.replace("_", " ")] += 1
                return

    def _some(self, note: Note) -> int | None:
        places = [n for n, line in enumerate(note) if isinstance(line, Takeaway)]
        return self.draw.choice(places) if places else None

    def _voice_of(self, note: Note) -> Writing:
        code = next((line.text.removeprefix("  - ") for line in note if line.text.removeprefix("  - ") in _CODES), "en")
        return self._voice(_CODES[code])

    def _put(self, vault: Vault, path: str, lines: Iterable[Line]) -> bool:
        vault.notes[path] = tidy(lines)
        return True

    def _change(self, vault: Vault, path: str, change: Callable[[Takeaway], Takeaway]) -> bool:
        """Change one takeaway of a note; false where nothing came of it."""
        note = vault.notes[path]
        at = self._some(note)
        if at is None:
            return False
        old = note[at]
        assert isinstance(old, Takeaway)
        new = change(old)
        vault.former[old.serial] = old
        return new != old and self._put(vault, path, (*note[:at], new, *note[at + 1 :]))

    def _in_sentence(self, one: Takeaway, change: Callable[[Sentence], Sentence]) -> Takeaway:
        if not one.sentences:
            return one
        at = self.draw.randrange(len(one.sentences))
        return replace(one, sentences=(*one.sentences[:at], change(one.sentences[at]), *one.sentences[at + 1 :]))

    def append(self, vault: Vault, path: str, week: int) -> bool:
        note = vault.notes[path]
        voice = self._voice_of(note)
        at = self._some(note)
        if at is None:
            return self._put(vault, path, (*note, *self.heading(voice.label()), self.takeaway(voice)))
        below = note[at]
        assert isinstance(below, Takeaway)
        at = end_of(note, at)
        return self._put(vault, path, (*note[:at], self.takeaway(voice, below.depth), *note[at:]))

    def reword(self, vault: Vault, path: str, week: int) -> bool:
        voice = self._voice_of(vault.notes[path])

        def mend(one: Sentence) -> Sentence:
            at = self.draw.randrange(1, max(2, len(one.tokens) - 1))
            words = [each for each in self._tokens(voice.sentence(), one.space) if each.isalnum()] or ["x"]
            word = self.draw.choice(words)
            kind = self.draw.random()
            if kind < 0.5:
                return replace(one, tokens=(*one.tokens[:at], word, *one.tokens[at + 1 :]))
            if kind < 0.8:
                spans = tuple((s + (s >= at), e + (e > at)) for s, e in one.bold)
                return replace(one, tokens=(*one.tokens[:at], word, *one.tokens[at:]), bold=spans)
            if len(one.tokens) < 6 or any(s <= at < e for s, e in one.bold):
                return one
            spans = tuple((s - (s > at), e - (e > at)) for s, e in one.bold)
            return replace(one, tokens=one.tokens[:at] + one.tokens[at + 1 :], bold=spans)

        def change(one: Takeaway) -> Takeaway:
            if self.draw.random() < 0.15:  # a sentence more
                return replace(one, sentences=(*one.sentences, self.sentence(voice)))
            for _ in range(self.draw.randint(1, 2)):
                one = self._in_sentence(one, mend)
            return one

        return self._change(vault, path, change)

    def bold(self, vault: Vault, path: str, week: int) -> bool:
        def change(one: Sentence) -> Sentence:
            kind = self.draw.random()
            if not one.bold or kind < 0.35:
                return self._bolder(one)
            at = self.draw.randrange(len(one.bold))
            others = one.bold[:at] + one.bold[at + 1 :]
            if kind < 0.55:
                return replace(one, bold=others)
            if kind < 0.75:
                return self._bolder(replace(one, bold=others))
            start, end = one.bold[at]
            if end + 1 < len(one.tokens) and not any(s <= end < e for s, e in others) and one.tokens[end][0].isalnum():
                return replace(one, bold=tuple(sorted((*others, (start, end + 1)))))
            return one

        return self._change(vault, path, lambda one: self._in_sentence(one, change))

    def stamp(self, vault: Vault, path: str, week: int) -> bool:
        voice = self._voice_of(vault.notes[path])
        return self._change(vault, path, lambda one: replace(one, stamp=voice.stamp(0.7)))

    def relabel(self, vault: Vault, path: str, week: int) -> bool:
        voice = self._voice_of(vault.notes[path])

        def change(one: Takeaway) -> Takeaway:
            if not one.label or self.draw.random() < 0.1:
                return replace(one, label="" if one.label and one.sentences else self.label(voice))
            tokens = list(self._tokens(one.label, one.space))
            tokens[self.draw.randrange(len(tokens))] = self.draw.choice(self._tokens(voice.label(), one.space))
            return replace(one, label=one.space.join(tokens))

        return self._change(vault, path, change)

    def reorder(self, vault: Vault, path: str, week: int) -> bool:
        note = vault.notes[path]
        at = self._some(note)
        if at is None:
            return False
        start, end = at, at + 1
        while start and isinstance(note[start - 1], Takeaway):
            start -= 1
        while end < len(note) and isinstance(note[end], Takeaway):
            end += 1
        groups = []
        while start < end:
            groups.append(note[start : min(end_of(note, start), end)])
            start += len(groups[-1])
        first = end - sum(map(len, groups))
        self.draw.shuffle(groups)
        return len(groups) > 1 and self._put(
            vault, path, (*note[:first], *(line for each in groups for line in each), *note[end:])
        )

    def nest(self, vault: Vault, path: str, week: int) -> bool:
        note = vault.notes[path]
        at = self._some(note)
        if not at or not isinstance(above := note[at - 1], Takeaway):
            return False
        one = note[at]
        assert isinstance(one, Takeaway)
        depth = 0 if one.depth else above.depth + 1
        moved = _deeper(note[at : end_of(note, at)], depth - one.depth)
        return depth < 3 and self._put(vault, path, (*note[:at], *moved, *note[end_of(note, at) :]))

    def _cut(self, vault: Vault, path: str) -> Note:
        """Take a takeaway with its children out of a note."""
        note = vault.notes[path]
        at = self._some(note)
        if at is None:
            return ()
        end = end_of(note, at)
        self._put(vault, path, (*note[:at], *note[end:]))
        return note[at:end]

    def _paste(self, vault: Vault, path: str, lines: Note) -> None:
        note = vault.notes[path]
        at = self._some(note)
        if at is None:
            self._put(vault, path, (*note, Other(""), *lines))
            return
        first, below = lines[0], note[at]
        assert isinstance(first, Takeaway)
        assert isinstance(below, Takeaway)
        shifted = _deeper(lines, below.depth - first.depth)
        at = end_of(note, at)
        self._put(vault, path, (*note[:at], *shifted, *note[at:]))

    def move(self, vault: Vault, path: str, week: int) -> bool:
        lines = self._cut(vault, path)
        if lines:
            self._paste(vault, self.draw.choice(list(vault.notes)), lines)
        return bool(lines)

    def _rename(self, vault: Vault, path: str, to: str) -> bool:
        if to in vault.notes:
            return False
        vault.notes[to] = vault.notes.pop(path)
        return True

    def rename(self, vault: Vault, path: str, week: int) -> bool:
        title = self._voice_of(vault.notes[path]).label()
        return self._rename(vault, path, f"{path.rpartition('/')[0]}/{title} {next(self.serials)}.md")

    def move_note(self, vault: Vault, path: str, week: int) -> bool:
        return self._rename(vault, path, f"Deck {self.draw.randrange(DECKS):02}/{path.rpartition('/')[2]}")

    def delete(self, vault: Vault, path: str, week: int) -> bool:
        lines = self._cut(vault, path)
        if lines:
            vault.trash.append((week, path, lines))
        return bool(lines)

    def delete_note(self, vault: Vault, path: str, week: int) -> bool:
        if len(vault.notes) < 6:
            return False
        vault.trash.append((week, path, vault.notes.pop(path)))
        return True

    def restore(self, vault: Vault, path: str, week: int) -> bool:
        old = [each for each in vault.trash if each[0] <= week - MONTH]
        if not old:
            return False
        found = self.draw.choice(old)
        vault.trash.remove(found)
        _, where, lines = found
        if isinstance(lines[0], Takeaway):
            self._paste(vault, where if where in vault.notes else path, lines)
        else:
            self._put(vault, where if where not in vault.notes else f"Back/{next(self.serials)}.md", lines)
        return True

    def split(self, vault: Vault, path: str, week: int) -> bool:
        note = vault.notes[path]
        at = self._some(note)
        if at is None or not isinstance(one := note[at], Takeaway) or len(one.sentences) < 2:
            return False
        cut = self.draw.randrange(1, len(one.sentences))
        first = replace(one, sentences=one.sentences[:cut])
        second = replace(one, serial=next(self.serials), sentences=one.sentences[cut:], label="", stamp="", block="")
        end = end_of(note, at)
        return self._put(vault, path, (*note[:at], first, *note[at + 1 : end], second, *note[end:]))

    def join(self, vault: Vault, path: str, week: int) -> bool:
        note = vault.notes[path]
        at = self._some(note)
        if at is None or end_of(note, at) != at + 1 or at + 1 >= len(note):
            return False
        one, other = note[at], note[at + 1]
        if not (isinstance(one, Takeaway) and isinstance(other, Takeaway)) or end_of(note, at + 1) != at + 2 or other.block:
            return False
        joined = replace(one, sentences=one.sentences + other.sentences, stamp=one.stamp or other.stamp)
        return self._put(vault, path, (*note[:at], joined, *note[at + 2 :]))

    def split_note(self, vault: Vault, path: str, week: int) -> bool:
        note = vault.notes[path]
        headings = [n for n, line in enumerate(note) if line.text.startswith("## ")]
        if len(headings) < 2:
            return False
        at = self.draw.choice(headings[1:]) - 1
        top = note[: 1 + next(n for n in range(1, len(note)) if note[n].text == "---")] if note[0].text == "---" else ()
        self._put(vault, path, note[:at])
        return self._put(vault, f"{path.removesuffix('.md')} part {next(self.serials)}.md", (*top, *note[at:]))

    def merge_notes(self, vault: Vault, path: str, week: int) -> bool:
        other = self.draw.choice(list(vault.notes))
        if other == path:
            return False
        lines = vault.notes.pop(other)
        start = next((n for n, line in enumerate(lines) if line.text.startswith("## ")), 0)
        return self._put(vault, path, (*vault.notes[path], Other(""), *lines[start:]))

    def _in_frontmatter(self, vault: Vault, path: str, begins: str, text: str) -> bool:
        note = vault.notes[path]
        at = next((n for n, line in enumerate(note[:20]) if line.text.startswith(begins)), None)
        return at is not None and self._put(vault, path, (*note[:at], Other(text), *note[at + 1 :]))

    def frontmatter(self, vault: Vault, path: str, week: int) -> bool:
        voice = self._voice_of(vault.notes[path])
        key = self.draw.choice(("title", "show", "status", "published"))
        value = {"title": f'"{voice.label()}"', "show": f'"[[{voice.thing()}]]"', "status": str(week)}.get(key, "2024-11-12")
        return self._in_frontmatter(vault, path, f"{key}:", f"{key}: {value}")

    def retag(self, vault: Vault, path: str, week: int) -> bool:
        return self._in_frontmatter(vault, path, "  - podcast", f"  - podcast{next(self.serials)}")

    def redeck(self, vault: Vault, path: str, week: int) -> bool:
        return self._in_frontmatter(vault, path, "created:", f"deck: Deck {self.draw.randrange(DECKS):02}::Apart")

    def duplicate_note(self, vault: Vault, path: str, week: int) -> bool:
        return self._put(vault, f"{path.removesuffix('.md')} copy {next(self.serials)}.md", map(self.as_new, vault.notes[path]))

    def as_new(self, line: Line) -> Line:
        """The same line as another takeaway."""
        if isinstance(line, Other):
            return replace(line, serial=self._copy_of(line.serial)) if line.serial else line
        sentences = tuple(replace(each, serial=self._copy_of(each.serial)) for each in line.sentences)
        return replace(line, serial=self._copy_of(line.serial), sentences=sentences)

    def _copy_of(self, serial: int) -> int:
        new = next(self.serials)
        self.origins[new] = serial
        return new

    def rewrite(self, vault: Vault, path: str, week: int) -> bool:
        """Say it all in other words: what is too unlike is a new card."""
        voice = self._voice_of(vault.notes[path])
        fresh = self.sentence(voice)
        return self._change(vault, path, lambda one: self._in_sentence(one, lambda old: replace(fresh, serial=old.serial)))

    def pin(self, vault: Vault, path: str, week: int) -> bool:
        return self._change(vault, path, lambda one: replace(one, block=one.block or f"b{next(self.serials)}"))

    def undo(self, vault: Vault, path: str, week: int) -> bool:
        """Back to what a takeaway was before its last edit, unless a sentence of it is elsewhere by now."""

        def change(one: Takeaway) -> Takeaway:
            old = vault.former.get(one.serial, one)
            return replace(old, depth=one.depth) if _serials(old) == _serials(one) else one

        return self._change(vault, path, change)


def _serials(one: Takeaway) -> set[int]:
    return {each.serial for each in one.sentences}


_CODES = {each.code: each for each in LANGUAGES}
_SYLLABLES = [a + b for a in ("b ch d f g gr k kl l m n p pr r s st t tr v z").split() for b in "a e i o u ai or en".split()]

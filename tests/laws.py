"""What holds for every note, however odd: the laws that Hypothesis and the fuzzer try to break.

Each law looks from outside: at the HTML of the fields, read by a small reader of its own, and at Anki's own parser of
clozes, where Anki is at hand.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cards
from cards.anki import render
from cards.identity.fingerprint import card_key, ordinals_of, phrases_of, with_ordinals
from cards.identity.matching import match_drafts
from cards.model import Cloze, Draft, Note, Prose, Qa, Run, RunKind, Takeaway, blocks
from cards.model.prose import unstamped, visible
from cards.parser.filters import is_marked, is_typed
from cards.timestamps.providers import shown
from cards.timestamps.times import show

Ordinals = Callable[[Sequence[str]], list[int]]

_COMMENT = "<!-- -->"
_TAG = re.compile(  # all that a field may hold
    r"/?(?:a|b|i|s|mark|code|pre|p|div|ul|ol|li|blockquote|table|tr|th|td|span|br|sup|sub|ruby|rt)"
    r"(?: (?:class|dir|start|data-points)=\"[\w-]*\"| data-cue=\"[^\"<>]*\"| href=\"(?i:https?:|mailto:|obsidian:)[^\"<>]*\")*"
)
_CLOZE = re.compile(r"\{\{c(\d+)::|\}\}")
ACTS_IN_ANKI = re.compile(r"\[(?:sound:|anki:|/?latex\]|/?\$\$?\])", re.I)


def check(text: str, ordinals_by_anki: Ordinals | None = None, *, package: bool = False) -> int:
    """Hold a note against every law; the number of its drafts. Raises AssertionError.

    `ordinals_by_anki` reads the ordinals of a note's fields; with `package` its deck is made twice, too.
    """
    note = cards.parse(text, "Note.md")
    made = cards.generate(note)
    drafts = [_as_born(draft) for draft in made.born]
    fields = [render.fields(draft, "guid", "", {}) for draft in drafts]
    for draft, each in zip(drafts, fields, strict=True):
        holds_only_what_we_make(each)
        _clozes_close(draft, each, ordinals_by_anki)
        _its_words_are_those_of_the_draft(draft, each)
        _no_stamp_stands_in_the_question(draft, each)
    for takeaway in note.takeaways:
        if not takeaway.members:
            _its_stamps_are_found_once(takeaway)
    _words_of_takeaways_are_those_of_cards(note, drafts)
    _nothing_vanishes(note, drafts, {each.line for each in (*note.skipped, *made.skipped)})
    _reads_alike(text, note, made.drafts, package)
    return len(drafts)


def _as_born(draft: Draft) -> Draft:
    """A draft as a new card has it: without the deletions that the rules refuse."""
    phrases = phrases_of(draft)
    typed = isinstance(draft, Cloze) and draft.typed
    return with_ordinals(draft, phrases, ordinals_of(phrases, None, typed=typed))


# ---------------------------------------------------------------------------------------------------------- the laws


def holds_only_what_we_make(fields: Sequence[str]) -> None:
    """No tag, attribute or scheme but ours, and nothing that Anki takes for media or LaTeX."""
    for field in fields:
        bare = field.replace(_COMMENT, "")
        tags = re.findall(r"<([^>]*)>", bare)
        assert all(_TAG.fullmatch(tag) for tag in tags), tags
        assert bare.count("<") == len(tags), field
        assert not ACTS_IN_ANKI.search(field), field


def clozes(field: str) -> list[int]:
    """The ordinals of a field's deletions, each of which must close."""
    depth = 0
    found = []
    for match in _CLOZE.finditer(field):
        if match[1]:
            depth += 1
            found.append(int(match[1]))
        else:
            depth -= 1
        assert depth >= 0, field
    assert depth == 0, field
    return found


def _clozes_close(draft: Draft, fields: Sequence[str], ordinals_by_anki: Ordinals | None) -> None:
    wanted = sorted(deletion.ordinal for deletion in draft.deletions) if isinstance(draft, Cloze) else []
    if wanted:
        assert sorted(clozes(fields[0])) == wanted, fields
    assert not any(re.search(r"\{\{|\}\}", field) for field in fields[1 if wanted else 0 :]), fields
    if wanted and ordinals_by_anki:
        assert sorted(ordinals_by_anki(fields)) == sorted(set(wanted)), fields


def _its_words_are_those_of_the_draft(draft: Draft, fields: Sequence[str]) -> None:
    front, back = letters(drawn(fields[0])), letters(drawn(fields[1]))
    if isinstance(draft, Cloze):
        hints = "".join(f"::{each.hint or ''}" for each in draft.deletions)
        written = said(draft.before) + said(draft.text)
        assert Counter(front) == Counter(letters(written + hints)), fields
        if not any(each.hint for each in draft.deletions):
            assert front == letters(written), fields
    else:
        assert front in (letters(draft.shown), letters(said(draft.front))), fields
    assert back == letters("".join(map(_block, draft.back))), fields


def _no_stamp_stands_in_the_question(draft: Draft, fields: Sequence[str]) -> None:
    assert 'class="at"' not in fields[0], fields
    assert 'class="stamp"' not in fields[0], fields
    assert len(set(draft.place.stamps)) == len(draft.place.stamps), draft.place
    assert fields[3].count("▶") == len(draft.place.stamps), fields


def _its_stamps_are_found_once(takeaway: Takeaway) -> None:
    """Each stamp in the text of a takeaway is one of its stamps, as often as it stands there."""
    standing = Counter(stamp for block in (takeaway.text, *_paragraphs(takeaway)) for run in block for stamp in run.stamps)
    assert standing <= Counter(takeaway.stamps), takeaway


def _paragraphs(takeaway: Takeaway) -> Iterable[Prose]:
    return (block.prose for block in takeaway.rest if isinstance(block, blocks.Paragraph))


def _words_of_takeaways_are_those_of_cards(note: Note, drafts: Iterable[Draft]) -> None:
    """A card asks and answers what its takeaway says: nothing of it is left out, nothing is added."""
    by_line: dict[int, list[Takeaway]] = {}
    for each in note.takeaways:
        if not each.members:
            by_line.setdefault(each.line, []).append(each)
    for draft in drafts:
        here = by_line.get(draft.place.line, [])
        if len(here) != 1:
            continue  # `<br>` begins a line of its own, and the file has none for it
        takeaway = here[0]
        if (
            (isinstance(draft, Qa) and draft.points and not draft.label)
            or is_typed(takeaway.text)
            or any(map(_has_typed, takeaway.rest))
        ):
            continue  # a list is made of several; the marks of typed deletions are no words
        text = letters(said(takeaway.text))
        rest = letters("".join(map(_block, takeaway.rest)))
        if isinstance(draft, Qa):
            back = letters("".join(map(_block, draft.whole or draft.back)))
            assert back in (text + rest, rest), (draft, takeaway)
            assert back == text + rest or not letters(said(takeaway.text, stamps=False)), (draft, takeaway)
        else:
            assert letters(said(draft.text)) in letters(said(takeaway.text, stamps=False)), (draft, takeaway)


def _nothing_vanishes(note: Note, drafts: Iterable[Draft], explained: set[int]) -> None:
    """A takeaway with a label or a phrase gave a card, or it is said why not."""
    explained |= {draft.place.line for draft in drafts}
    explained |= {line for each in note.takeaways if each.line in explained for line in each.members}
    for each in note.takeaways:
        marked = each.front is not None or is_marked(unstamped(each.text)[0])
        words = letters(visible(each.front.prose if each.front else ()) + visible(each.text))  # a picture alone has none
        assert each.members or not marked or not words or each.line in explained, each


def _reads_alike(text: str, note: Note, drafts: Sequence[Draft], package: bool) -> None:
    """Twice the same; and upon the ledger of the first time every card is itself again."""
    again = cards.generate(cards.parse(text, "Note.md")).drafts
    assert again == tuple(drafts)
    first, ledger = cards.assign(note, drafts, {}, now=1_800_000_000)
    assert len(ledger) == len(first)
    second, later = cards.assign(note, again, ledger, now=1_900_000_000)
    assert second == first
    assert later == ledger
    matches, doubts = match_drafts([card_key(draft) for draft in again], ledger, lambda _: True)
    assert not doubts
    found = [each.how if each else "" for each in matches]
    assert all(how in ("same", "pinned") for how, draft in zip(found, again, strict=True) if not draft.refused), found
    if package and first:
        assert cards.export(first) == cards.export(second)


def anki_ordinals(folder: Path) -> Ordinals:
    """Anki's own reading of the ordinals in a note's fields, by a throw-away collection in `folder`."""
    from anki.collection import Collection
    from anki.notes_pb2 import Note as AnkiNote

    backend = Collection(str(folder / "collection.anki2"))._backend
    return lambda fields: list(backend.cloze_numbers_in_note(AnkiNote(fields=list(fields))))


# -------------------------------------------------------------------------------------------- what stands there to read


def letters(text: str) -> str:
    """What is left of a text without white space, marks and digits, in lower case: what says the same, is the same."""
    return "".join(char for char in text.lower() if char.isalpha())


def drawn(field: str) -> str:
    """The text of a field as a reader sees it, with all its deletions turned over and their hints."""
    bare = re.sub(r"\{\{c\d+::|\}\}", "", field.replace(_COMMENT, "\0"))
    return html.unescape(re.sub(r"<[^>]*>", "", bare).replace("\0", ""))


def said(prose: Prose, *, stamps: bool = True) -> str:
    return "".join(_run(run) for run in prose if stamps or run.kind is not RunKind.STAMP)


def _run(run: Run) -> str:
    if run.kind is RunKind.STAMP:
        return ", ".join(map(show, run.stamps))
    if run.kind is RunKind.IMAGE:
        target = run.target or ""
        return target.rpartition("/")[2] or target
    return shown(run.text) if run.kind is RunKind.TEXT and run.text == run.link else run.text


def _block(block: blocks.Block) -> str:
    match block:
        case blocks.Paragraph() | blocks.Heading():
            return said(block.prose)
        case blocks.Bullets():
            return "".join(_block(each) for item in block.items for each in item.blocks)
        case blocks.Quote():
            return "".join(map(_block, block.blocks))
        case blocks.Code():
            return block.text
        case blocks.Formula():
            return block.tex
        case blocks.Table():
            return "".join(said(cell) for row in (block.header, *block.rows) for cell in row)
        case blocks.Html():
            return re.sub(r"</?[A-Za-z][^<>]*>|<!--.*?-->", "", block.text, flags=re.S)
        case _:
            return ""


def _has_typed(block: blocks.Block) -> bool:
    match block:
        case blocks.Paragraph():
            return is_typed(block.prose)
        case blocks.Bullets():
            return any(_has_typed(each) for item in block.items for each in item.blocks)
        case _:
            return False

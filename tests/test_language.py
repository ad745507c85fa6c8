"""The language of a note is guessed where it says none: sentences end otherwise in each."""

from __future__ import annotations

import pytest

from cards.model import Cloze
from cards.model.prose import plain
from cards.parser import parse
from cards.text.language import language_of
from cards.text.sentences import sentences
from tests.reading import drafts_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The keel of a ship is what it stands on, and it is not what you see of it.", "en"),
        ("Der Kiel ist das, worauf ein Schiff steht, und nicht das, was man von ihm sieht.", "de"),
        ("La quille est ce sur quoi le bateau se tient, et ce que nous ne voyons pas de lui.", "fr"),
        ("La quilla es lo que sostiene el barco, y lo que no se ve de él cuando está en el agua.", "es"),
        ("Kil jest tym, na czym stoi statek, i nie widać go, ale to on jest od tego.", "pl"),
        ("Köl bir geminin üzerinde durduğu yer ve bu çok önemli, ama onu kimse görmez.", "tr"),
        ("Киль это то, на чём стоит корабль.", "ru"),
        ("Кіль це те, на чому стоїть корабель.", "uk"),
        ("竜骨は船を支えるものだ。", "ja"),
        ("龙骨是船的根本。", "zh"),
        ("용골은 배를 받치는 것이다.", "ko"),
        ("العارضة هي ما تقوم عليه السفينة.", "ar"),
        ("Keel: 龙骨. Mast, sail, rudder and anchor; then more of them, as long as the list goes on.", "en"),
        ("de la et une", "fr"),
        ("", "en"),
        ("123 456", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language


def test_the_frontmatter_may_name_the_language() -> None:
    body = "Er kam mit der Post am 3. Oktober an."
    assert len(sentences(body)) == 1
    assert len(sentences(body, "en")) == 2
    assert parse(f"---\nlang: pt-BR\n---\n{body}\n", "n.md").language == "pt"
    assert parse(f"---\ntitle: x\n---\n{body}\n", "n.md").language == ""


@pytest.mark.parametrize(
    "before", ["", "The keel of a ship is what it stands on, and it is not what you see. ", "龙骨是船的根本。 "]
)
@pytest.mark.parametrize(
    "after",
    [
        "",
        " The mast is what carries the sail, and it is not what moves her.",
        " Мачта это то, что несёт парус.",
        " sails are new.",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "Der Mast wurde am 3. Oktober von den Fischern auf die Werft gebracht.",
        "Ludwig XIV. Ludwigs Sohn war es nicht, der die Flotte und den Hafen bauen ließ.",
        "Kupił np. trzy mapy i przeczytał je szybko.",
        "الصاري هو ما يحمل الشراع كل يوم.",
    ],
)
def test_a_sentence_does_not_change_with_what_stands_beside_it(text: str, before: str, after: str) -> None:
    whole = before + text + after
    found = [whole[slice(*span)].strip() for span in sentences(whole)]
    assert text in found, found


def test_a_sentence_is_the_same_in_whatever_note_it_stands() -> None:
    """Else a takeaway that moves to a note of another language would be another card."""
    line = "- Am 3. Oktober wurde **der alte Leuchtturm** von den Fischern abgebaut. Es war nicht der letzte.\n"
    others = "- The keel of a ship is **what it stands on**, and it is not what you see of it.\n" * 9
    texts = [[plain(draft.text) for draft in drafts_of(text) if isinstance(draft, Cloze)] for text in (line, others + line)]
    assert texts[0] == texts[1][-1:] == ["Am 3. Oktober wurde der alte Leuchtturm von den Fischern abgebaut."]

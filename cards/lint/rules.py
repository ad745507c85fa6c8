"""The rules of `cards lint`, each with its reason and its fix. `checks` applies them.

Sources: Wozniak's twenty rules of formulating knowledge (W and the number), Matuschak's “How to write good prompts” (M), and
measurements of people's own cards. Thresholds in words count as `text.words.count` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cards.model import CardsError
from cards.model.measures import GIST_FROM, MAX_LIST_WORDS, POINTS

MOST_OF_SENTENCE = 0.5
MANY_GAPS = 3
LONG_SENTENCE = 40  # words
LONG_GAP = 5  # words
LONG_GAP_CJK = 12  # characters
LONG_LIST = 3  # points
LONG_POINT = 8  # words of a point, on average
LONG_QUESTION_ANSWER = 30  # words
SHORT_QUESTION = 5  # words: a shorter one leans on what stood around it
RESTATED = 0.2  # of an answer's words, in its label and headings
THIN_ANSWER = 6  # words: a label of three words or more is answered by no fewer
SHORT_ANSWER = 12  # words: a longer answer adds something even if it repeats the question
ONE_TERM = 6  # words: a shorter answer is given away only as a whole
OPEN_GAP = 6  # words without articles: a shorter gap is a term, a longer one can be said in many ways
OPEN_GAP_CJK = 8  # characters
STRAY_TIMES = 3  # takeaways with a time; fewer may be accidental
SLACK = 60  # seconds: the length in the frontmatter is often rounded


class Rule(NamedTuple):
    """A kind of finding. `says` names the fault, `why` the reason, `fix` the remedy."""

    code: str
    name: str
    says: str
    why: str
    fix: str


RULES = (
    Rule(
        "C001",
        "gap-is-the-sentence",
        "A gap is more than half of its sentence.",
        "What is left is no cue: the sentence could be about anything (M: prompts should be precise).",
        "Mark fewer words, or let a label ask for the whole.",
    ),
    Rule(
        "C002",
        "gap-is-long",
        f"A gap is longer than {LONG_GAP} words.",
        "Nobody recalls it word for word, so grading becomes a guess (W4, W12: minimum information).",
        "Mark the two or three words that carry it.",
    ),
    Rule(
        "C003",
        "given-away",
        "The question contains the words of the gap or of the answer: in its sentence, label or breadcrumb.",
        "The answer is read off, not recalled (M: prompts should be effortful).",
        "Mark something that is said once.",
    ),
    Rule(
        "C004",
        "points-at-nothing",
        "The sentence begins with a word that points back (this, they, it), and nothing on the front says to what.",
        "A year from now, among cards of other notes, no one knows (M: prompts should be focused; W16: context).",
        "Name the thing, or put a heading or a label above it.",
    ),
    Rule(
        "C005",
        "many-gaps",
        f"A sentence has more than {MANY_GAPS} gaps.",
        "Each makes a card of its own, and they give each other away (W9, W11: avoid sets, combat interference).",
        "Keep the ones worth knowing, or break the sentence up.",
    ),
    Rule(
        "C006",
        "same-question",
        "Two cards ask the same question.",
        "They can't be told apart in a review (W11: combat interference).",
        "Reword one, or put it under a heading of its own.",
    ),
    Rule(
        "C007",
        "long-list",
        f"The answer is a list of more than {LONG_LIST} points, or its points have more than {LONG_POINT} words on average.",
        "Sets are the hardest to keep, and one forgotten point fails the card (W9: avoid sets; W10: avoid enumerations).",
        "Group the points, or give each a label of its own.",
    ),
    Rule(
        "C008",
        "long-answer",
        f"An answer has more than {GIST_FROM} words, that of a question more than {LONG_QUESTION_ANSWER}.",
        "It is read, not recalled: of 150 cards that people checked by hand, nine in ten had at most 61 words (W4, M).",
        "Split the takeaway.",
    ),
    Rule(
        "C009",
        "no-cue",
        "Takeaways under a takeaway heading have neither a label nor a phrase in bold: they give no card.",
        "A takeaway worth writing down is worth a question.",
        "Begin them with a bold label, or put their key phrases in bold.",
    ),
    Rule(
        "C010",
        "unbalanced-bold",
        "A `**` or `==` has no partner.",
        "Markdown ignores a mark without a partner or with a space inside, so it marks no phrase.",
        "Close it: `**phrase**`, without a space inside.",
    ),
    Rule(
        "C011",
        "ends-before-it-starts",
        "A stamp ends before it starts.",
        "One of its times is mistyped; the link opens at the first.",
        "Correct the time.",
    ),
    Rule(
        "C012",
        "past-the-end",
        "A stamp is after the end of the recording, whose length is in the frontmatter.",
        "It is mistyped, or belongs to another recording.",
        "Correct the time.",
    ),
    Rule(
        "C013",
        "no-recording",
        "Takeaways have times, but the note names no recording.",
        "The times stay text: no card links to its moment.",
        "Add `source:` with its link, or `audio:` with its file, to the frontmatter.",
    ),
    Rule(
        "C014",
        "missing-file",
        "A picture or sound that a card embeds is not in the vault, or too large to sync.",
        "The card shows its name instead.",
        "Correct the name, or put the file into the vault.",
    ),
    Rule(
        "C015",
        "missing-recording",
        "The recording that a note names as a file is not in the vault, or can't be read.",
        "Its cards have no sound clips.",
        "Correct the name, or put the file into the vault.",
    ),
    Rule(
        "C016",
        "broken-frontmatter",
        "The frontmatter can't be read: it is not valid YAML, or could hang the parser.",
        "Only its plain `key: value` lines are read.",
        "Put values with a colon or a bracket into quotes.",
    ),
    Rule(
        "C017",
        "long-sentence",
        f"The sentence around a gap has more than {LONG_SENTENCE} words.",
        "Reading it takes longer than answering (W12: optimize wording; 2% of people's own sentences are longer).",
        "Break it up.",
    ),
    Rule(
        "C018",
        "yes-or-no",
        "The question can be answered with yes or no.",
        "Half of all guesses are right, so nothing is practised (M: avoid yes/no questions).",
        "Ask what, why or how.",
    ),
    Rule(
        "C019",
        "vague-front",
        "A front says too little by itself: a label of two words, a takeaway heading, a very short question.",
        "Months later nobody knows which of the many things about it is meant (M: prompts should be precise; W16: context).",
        "Name the thing that is meant: write the label as a question or as the claim itself.",
    ),
    Rule(
        "C020",
        "open-gap",
        f"A gap of {OPEN_GAP} words or more holds no figure, name or term.",
        "Many words would fit, so a right answer can't be told from a wrong one (M: prompts should be precise).",
        "Mark the one or two words that carry it.",
    ),
    Rule(
        "C021",
        "list-too-long-to-ask",
        f"A plain list under a takeaway heading has more than {POINTS[-1]} points or {MAX_LIST_WORDS} words: it gives no card.",
        "Sets are the hardest to keep (W9: avoid sets), and a long point is no answer.",
        "Begin each point with a bold label, or put its key phrase in bold.",
    ),
    Rule(
        "C022",
        "heading-without-cards",
        "A takeaway heading has no card below it.",
        "What was written down to be remembered will not be asked.",
        "Begin the takeaways with a bold label, or put their key phrases in bold.",
    ),
    Rule(
        "C023",
        "outlived",
        "A card lives on that the rules would not make today.",
        "Its reviews are kept while its takeaway stands, but the card is hard or useless to review.",
        "Reword the takeaway, or retire such cards with `cards build --refresh`.",
    ),
    Rule(
        "C024",
        "thin-answer",
        f"A label of three words or more is answered by fewer than {THIN_ANSWER} words, or by one point.",
        "The label says it all already, so nothing is recalled (M: prompts should be effortful).",
        "Write what the label leaves open, or make the label shorter.",
    ),
)
BY_CODE = {rule.code: rule for rule in RULES}


def check_codes(codes: Iterable[str], where: str) -> None:
    """Raise CardsError, with `where` in front, unless each code is that of a rule or its beginning."""
    import difflib

    for code in codes:
        if not any(known.startswith(code) for known in BY_CODE) or not code:
            near = difflib.get_close_matches(code.upper(), BY_CODE, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the codes are {', '.join(BY_CODE)}"
            raise CardsError(f"{where}: {code} is not a lint code; {hint}")

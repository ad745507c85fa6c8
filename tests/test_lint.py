"""What `cards lint` finds, and what it must not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import Result

from cards.generator import generate
from cards.lint import checks
from cards.lint.checks import ParsedNote
from cards.lint.rules import RULES
from cards.model import Problem
from cards.parser import frontmatter, metadata, parse
from tests import vaults
from tests.vaults import ROOT, rows, write

SOURCE = "---\nsource: https://youtu.be/abcdefghijk\n---\n"
LONG = " ".join(f"word{n}" for n in range(130))


def read(text: str, path: str = "Sea.md") -> ParsedNote:
    note = parse(text, path)
    return ParsedNote(note, generate(note), text)


def codes(text: str) -> list[str]:
    return [each.code for each in checks.findings([read(text)])]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("C001", "The sea **carries the salt of all the rivers** to every coast."),
        ("C002", "So the pilot said that {{c1::a b c d e f g h i j k l m}} was what others in the other boat never heard."),
        (
            "C003",
            "- **Tides:** in spring the harbour is full, and the basin of it holds the **spring basin boats** then. So it is.",
        ),
        ("C003", "Is the neap tide the weaker tide of the two?::the weaker tide"),
        ("C004", "It carries **the salt of rivers** to each of the coasts there."),
        ("C004", "## Salt\nIt carries **the salt of rivers** to each of the coasts there."),
        ("C004", "This means that **the salt stays** while all of the water goes."),
        ("C005", "A **sloop** has one mast, a **ketch** two, a **yawl** two, a **cutter** one, and all have sails."),
        ("C006", "## Ports\n" + "- the pilot boards **at the buoy** in the bay.\n" * 2),
        ("C007", "Q: Which sails are there?\nA:\n" + "".join(f"- sail {n}\n" for n in range(8))),
        ("C008", f"Q: What does the log say?\nA: {LONG}"),
        ("C009", "## Takeaways\n- one thing\n- **Label:** another thing\n- a third"),
        ("C010", "- **Depth:** the ** lead shows **four fathoms."),
        ("C010", "- **Depth:** the lead ==shows four fathoms."),
        ("C011", f"{SOURCE}- **Depth:** four fathoms (2:10 - 1:10)."),
        ("C012", f"{SOURCE.replace('---', '---' + chr(10) + 'duration: 24:19', 1)}- **Depth:** four fathoms (31:10)."),
        ("C013", "- **A:** one (1:10).\n- **B:** two (2:11).\n- **C:** three (3:14)."),
        ("C017", "The log says " + " ".join(f"day{n}" for n in range(40)) + " and **the final entry is** gone."),
        ("C018", "Is the tide higher in spring?::Yes, by half."),
        ("C018", "Do you see the coast from there?::No"),
        ("C019", "- **The role of storms:** they move the bar each year."),
        ("C019", "- **Importance:** it keeps the harbour open."),
        ("C020", "Pilots say that **waiting for the flood is always much wiser** than to try the bar at ebb."),
        ("C021", "## Takeaways\n" + "".join(f"- plain point {n}\n" for n in range(6))),
        ("C024", "- **The depth of it:** four fathoms"),
        ("C024", "- **Winds:**\n  - only one of them"),
        ("C022", "## Takeaways\n" + "".join(f"- plain point {n}\n" for n in range(6))),
    ],
)
def test_each_fault_is_found(code: str, text: str) -> None:
    assert code in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "The sea carries **the salt** of all the rivers to every coast.",
        "- **Salt:** it carries **what the rivers bring** to each of the coasts there.",
        "It is hard to say **where the salt of rivers** ends and that of rocks begins.",
        "This sea carries **the salt of rivers** to each of the coasts there.",
        "**It all** carries the salt of **the rivers** to each of the coasts there.",
        "A **sloop** has one mast, a **ketch** has two, and all of them have sails.",
        "- **Sails:**\n" + "".join(f"  - sail {n}\n" for n in range(3)),
        f"- **Log:** {LONG[:250]}",
        "- **Log:** a parent\n" + "".join(f"  - **Day {n} of it:** {LONG[:200]}\n" for n in range(6)),
        "## Takeaways\n- one thing\n- another\n- a third",
        "## Notes\n- one thing\n- **Label:** another thing\n- a third",
        "- **Signs:** `a ** b` and 2 ** 3, a == b, x==y, ***** and a *** is fine.",
        f"{SOURCE}- **Depth:** four fathoms (1:10 - 2:10).",
        f"{SOURCE.replace('---', '---' + chr(10) + 'duration: 24:19', 1)}- **Depth:** four fathoms (24:30).",
        f"{SOURCE.replace('---', '---' + chr(10) + 'duration: 45', 1)}- **Depth:** four fathoms (31:10).",
        "- **Plan:** up (6:30 - 7:00).\n- **Bus:** leaves (7:00 - 7:30).\n- **Work:** begins (7:30 - 9:00).",
        "- **Bow:** one (1:10).\n- **Stern:** two (2:11).",
        "Why is the tide higher in spring?::The sun and the moon pull together.",
        "Is the tide higher in spring or in autumn?::In spring.",
        "Can you name three winds of the bay?::North, south, west.",
        "- **The storms of the role of Brygg:** they move the bar each year.",
        "## The bar\n- **Importance:** it keeps the harbour open.",
        "Pilots say that **the flood of March** is wiser than to try the bar at ebb.",
    ],
)
def test_sound_notes_have_no_finding(text: str) -> None:
    assert codes(text) == []


def test_questions_are_the_same_only_where_nothing_tells_them_apart() -> None:
    one, other = ("- **Depth:** four", "One.md"), ("- **Depth:** five", "Other.md")
    assert checks.findings([read(*one), read(*other)]) == []
    same = "## Ports\nthe pilot boards **at the outer buoy** in the bay."
    one, other = (same, "One.md"), (same, "Other.md")
    (finding,) = checks.findings([read(*one), read(*other)])
    assert (finding.code, finding.note) == ("C006", "Other.md")
    assert "One.md:2" in finding.message


def test_problems_of_a_run_are_findings_too() -> None:
    problems = [Problem("Sea.md", 3, "media", "a.png is not there"), Problem("Sea.md", 0, "fault", "x")]
    assert [(each.code, each.line) for each in checks.findings([], problems)] == [("C014", 3)]


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("cards-lint: ignore C001", ["C004"]),
        ("cards-lint: ignore C001, C004", []),
        ("Cards-Lint:  ignore", []),
        ("cards-lint: ignore C012", ["C001", "C004"]),
        ("ignore C001", ["C001", "C004"]),
    ],
)
def test_a_comment_on_a_takeaway_switches_a_finding_off(comment: str, left: list[str]) -> None:
    line = "It carries **the salt of every river** to coasts."
    assert codes(line) == ["C001", "C004"]
    assert codes(f"{line} %% {comment} %%") == left


LENGTHS: dict[str, int | None] = {"24:19": 1459, "'08:09'": 489, "1:02:03": 3723, "PT1H2M3S": 3723, "1h 5m": 3900}
LENGTHS |= {"37 min": 2220, "90 minutes": 5400, "45": None, "true": None, "soon": None, "": None}


@pytest.mark.parametrize(("written", "seconds"), LENGTHS.items())
def test_the_length_of_a_recording(written: str, seconds: int | None) -> None:
    assert metadata.length(frontmatter.split(f"---\nduration: {written}\n---\n").values) == seconds


def test_every_rule_is_explained_in_the_docs_and_has_a_case() -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert f"| `{rule.code}` {rule.name} |" in page
    assert re.findall(r"^\| `(C\d{3})`", page, re.M) == [rule.code for rule in RULES]
    cases = set(re.findall(r'\(\s*"(C\d{3})",\s', Path(__file__).read_text(encoding="utf-8")))
    assert {rule.code for rule in RULES} - cases == {"C015", "C016", "C023"}  # of files and ledgers, in the tests of those


# ------------------------------------------------------------------------------------------------------ the command


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    text = "It carries **the salt of every river** to coasts. ![[gone.png]]\n\n- **Depth:** four fathoms\n"
    monkeypatch.chdir(write(tmp_path, {"The sea.md": text}))
    return tmp_path


def run(*arguments: object) -> Result:
    return vaults.run("lint", *arguments)


def told(*arguments: str) -> list[str]:
    return [each["code"] for each in rows("lint", ".", *arguments)]


def test_the_command(vault: Path) -> None:
    ran = run(".")
    assert ran.exit_code == 1
    first = ran.stdout.splitlines()[:2]
    assert first == [
        "The sea.md:1: C001 the gap c1 takes 5 of the 9 words: “the salt of every river”",
        "    Mark fewer words, or let a label ask for the whole.",
    ]
    assert "3 findings in 1 note" in ran.stdout
    write(vault, {"The sea.md": "- **Depth:** four fathoms\n"})
    ran = run(".")
    assert (ran.exit_code, ran.stdout) == (0, "✓ no findings in 1 card\n")


def test_select_and_ignore(vault: Path) -> None:
    assert told() == ["C001", "C004", "C014"]
    assert told("--select", "c00,C014", "--ignore", "C001") == ["C004", "C014"]
    write(vault, {"cards.toml": '[lint]\nignore = ["C001", "C004"]\n'})
    assert told() == ["C014"]
    assert "C004" in run(".", "--select", "C", "--ignore", "C001").stdout
    ran = run(".", "--select", "C999")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "C999 is not a lint code" in ran.stderr
    write(vault, {"cards.toml": '[lint]\nignore = ["C1O1"]\n'})
    assert "cards.toml:2: lint.ignore: C1O1 is not a lint code; did you mean C011?" in run(".").stderr


def test_explain(vault: Path) -> None:
    ran = run("--explain", "c012")
    assert ran.exit_code == 0
    assert ran.stdout.startswith("C012 past-the-end\n\nA stamp is after the end")
    assert "%% cards-lint: ignore C012 %%" in ran.stdout


def test_sarif(vault: Path) -> None:
    ran = run(".", "--sarif")
    assert ran.exit_code == 1
    log = json.loads(ran.stdout)
    assert log["version"] == "2.1.0"
    (made,) = log["runs"]
    rules = made["tool"]["driver"]["rules"]
    for result in made["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "The%20sea.md"
        assert place["region"]["startLine"] >= 1
    assert [result["ruleId"] for result in made["results"]] == ["C001", "C004", "C014"]


def test_few_findings_on_real_notes(shared: Path) -> None:
    """Not for most cards: a finding that is nearly everywhere says nothing."""
    found = rows("lint", shared / "corpus", "-o", "/nowhere/decks")
    listed = rows("list", shared / "corpus", "-o", "/nowhere/decks")
    named = {(finding["note"], finding["line"]) for finding in found}
    assert 0.3 < sum((card["note"], card["line"]) in named for card in listed) / len(listed) < 0.6

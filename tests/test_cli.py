from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cards.cli import main
from tests.vaults import edit, packed, refused, rows, run, unpacked, write

NOTE = "# Sea\n\n- **Label:** text with **a key phrase** in it. It says more.\n- plain\n"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, {"Sea.md": NOTE}))
    return tmp_path


def test_build_says_what_it_did(vault: Path) -> None:
    ran = run("build")
    assert ran.exit_code == 0
    assert "wrote 1 deck with 2 cards" in ran.stdout
    assert "decks/Takeaways.apkg       1 question        1 cloze" in ran.stdout
    assert "from 1 of 1 note; 1 takeaway skipped" in ran.stdout
    assert (vault / "decks" / "Takeaways.apkg").is_file()
    assert "nothing to do: 1 deck with 2 cards up to date" in run("build").stdout


def test_a_dry_run_writes_nothing(vault: Path) -> None:
    assert "would write 1 deck" in run("build", "--dry-run").stdout
    assert not (vault / "decks").exists()


def test_quiet_and_json(vault: Path) -> None:
    assert run("build", "-q").stdout == ""
    outcome = json.loads(run("build", "--json").stdout)
    assert outcome["cards"] == 2
    deck = {"path": "decks/Takeaways.apkg", "deck": "Takeaways", "qa": 1, "cloze": 1, "changed": False}
    assert outcome["decks"][0] == deck


def test_list_json_has_the_documented_keys_in_order(vault: Path) -> None:
    qa, cloze = rows("list")
    assert (
        list(qa)
        == "id kind deck note line context label text answer phrases timestamps tags source byline audio before".split()
    )
    said = {"id": qa["id"], "kind": "qa", "deck": "Takeaways", "note": "Sea.md", "line": 3, "context": ["Sea"]}
    said |= {"label": "Label", "text": "Label", "answer": "text with a key phrase in it. It says more.", "source": None}
    assert qa == said | {key: [] for key in ("phrases", "timestamps", "tags", "byline", "audio")} | {"before": None}
    assert cloze["text"] == "text with {{c1::a key phrase}} in it."
    assert cloze["context"] == ["Sea", "Label"]
    assert cloze["phrases"] == [{"ordinal": 1, "text": "a key phrase"}]


def test_list_and_skipped(vault: Path) -> None:
    assert "Sea.md:3  qa     Label" in run("list").stdout
    assert "Sea.md:4: plain" in run("list", "--skipped").stdout
    skipped = {"note": "Sea.md", "line": 4, "text": "plain", "reason": "plain: no label, no key phrase"}
    assert rows("list", "--skipped") == [skipped]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["build", "gone"], "gone: no such file or folder"),
        (["list", "gone.md"], "gone.md: no such file or folder"),
        (["build", "empty"], "empty: no Markdown notes here"),
        (["build", "Sea.png"], "Sea.png: no note; give a Markdown file"),
        (["build", "--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_an_error(vault: Path, arguments: list[str], says: str) -> None:
    (vault / "empty").mkdir()
    write(vault, {"Sea.png": b"PNG"})
    assert says in refused(*arguments)


@pytest.mark.parametrize("command", ["build", "list", "list --skipped", "list --json", "diff", "lint", "preview --no-open"])
def test_an_empty_place_says_what_was_looked_for_and_where(vault: Path, command: str) -> None:
    write(vault, {"empty/x.txt": "no note", "cards.toml": 'out = "elsewhere"\n'})
    said = refused(*command.split(), "empty")
    assert f"empty: no Markdown notes here; looked for .md or .markdown files, in {vault / 'empty'}" in said
    write(vault, {"cards.toml": 'exclude = ["*.md"]\nout = "elsewhere"\n'})
    assert "as far as `include` and `exclude` in cards.toml leave them" in refused(*command.split(), ".")
    assert not (vault / "elsewhere").exists()


def test_strict_makes_a_problem_an_error(vault: Path) -> None:
    write(vault, {"Bad.md": "---\na: b: c\n---\n- **A b:** c"})
    assert run("build").exit_code == 0
    ran = run("build", "--strict")
    assert ran.exit_code == 1
    assert "Bad.md:2: the frontmatter can't be read" in ran.stderr
    assert run("list", "--strict").exit_code == 1


def test_cards_toml(vault: Path) -> None:
    toml = 'notes = ["."]\nout = "out"\nkinds = "qa"\ntags = ["sea"]\nexclude = ["private"]\n'
    toml += '[folders."Talks"]\ndeck = "T::X"\nkinds = "cloze"\n'
    write(vault, {"cards.toml": toml, "private/p.md": NOTE, "Talks/t.md": NOTE})
    assert [(card["note"], card["kind"], card["deck"], card["tags"]) for card in rows("list")] == [
        ("Sea.md", "qa", "Takeaways", ["sea"]),
        ("Talks/t.md", "cloze", "T::X", ["sea"]),
    ]
    assert run("build").exit_code == 0
    assert sorted(path.name for path in (vault / "out").glob("*.apkg")) == ["T.apkg", "Takeaways.apkg"]
    # the vault's root is where cards.toml is, whatever path is given
    assert [card["note"] for card in rows("list", "Talks/t.md")] == ["Talks/t.md"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kinds = 'qa'\nexcludes = []", "cards.toml:2: unknown key excludes; did you mean exclude?"),
        ("kinds = 'all'", "cards.toml:1: kinds must be one of qa, cloze, both, not 'all'"),
        ("exclude = 'x'", "cards.toml:1: exclude must be a list of texts"),
        ("[folders.x]\ndecks = 'y'", "unknown key folders.x.decks; did you mean folders.x.deck?"),
        ("[recordings]\n'a.example' = '{url}?t={second}'", "cards.toml:2: recordings.a.example must be a link made of {url}"),
        ("[recordings]\n'a.example' = 'javascript:{url}'", "cards.toml:2: recordings.a.example must be a link"),
        ("[lint]\nignored = ['C001']\n", "cards.toml:2: unknown key lint.ignored; did you mean lint.ignore?"),
        ("notes = ['gone']", "does not exist"),
        ("= 1", "cards.toml: can't be read"),
        ("deck = \n", "cards.toml: can't be read"),
        ("a = " + "[" * 5000, "cards.toml: can't be read"),
        ("notes = []", "cards.toml:1: notes must name a path"),
        ('notes = ["a\\u0000"]', "cards.toml:1: notes must name a path"),
        ('out = "\\u0000"', "cards.toml:1: out must name a path"),
        ('# clips = false\ndeck = "clips"\n\nclips = "no"', "cards.toml:4: clips must be true or false"),
    ],
)
def test_a_wrong_cards_toml(vault: Path, text: str, says: str) -> None:
    write(vault, {"cards.toml": text})
    for command in ("build", "list"):
        assert says in refused(command)


def test_flags_win_over_the_file_and_frontmatter_over_both(vault: Path) -> None:
    write(vault, {"cards.toml": 'deck = "File"', "Own.md": "---\ndeck: Own\n---\n- **A b:** c"})
    assert {card["deck"] for card in rows("list", "--deck", "Flag")} == {"Own", "Flag"}


def test_a_template_opens_the_recordings_of_a_host(vault: Path) -> None:
    toml, note = '[recordings]\n"www.talks.example" = "{url}?at={seconds}"', "[Talk](https://talks.example/7?at=3)\n\n"
    write(vault, {"cards.toml": toml, "Talk.md": f"{note}- **A b:** c (1:21)"})
    stamp = {"start": 81, "end": None, "url": "https://talks.example/7?at=81"}
    assert [card["timestamps"] for card in rows("list", "Talk.md")] == [[stamp]]


def test_sections(vault: Path) -> None:
    note = "## Notes\n- **A b:** c\n## Takeaways\n- **D e:** f\n### Deeper\n- **G h:** i"
    write(vault, {"cards.toml": 'sections = ["Takeaways"]', "Sea.md": note})
    assert [card["label"] for card in rows("list")] == ["D e", "G h"]


def test_opting_out(vault: Path) -> None:
    (vault / "Sea.md").write_text("---\ncards: false\n---\n" + NOTE, encoding="utf-8")
    ran = run("build")
    assert ran.exit_code == 0
    assert "no cards" in ran.stdout


def test_a_rebuild_says_what_changed(vault: Path) -> None:
    run("build")
    edited = NOTE.replace("a key phrase", "a new key phrase").replace("- plain", "- **More:** of it")
    (vault / "Sea.md").write_text(edited, encoding="utf-8")
    ran = run("diff")
    assert "~ updated  Sea.md:3  Label  (text)" in ran.stdout
    assert "Anki updates it where it is, history kept" in ran.stdout
    assert "+ new      Sea.md:4  More" in ran.stdout
    assert "1 new, 2 updated" in ran.stdout
    assert run("build", "--check").exit_code == 1
    ran = run("build")
    assert "1 new, 2 updated" in ran.stdout
    assert "~ updated  Sea.md:3  text with {{c1::a new key phrase}} in it.  (text)" in ran.stdout
    assert run("build", "--check").exit_code == 0
    assert "nothing to do" in run("diff").stdout


def test_diff_json_and_what_an_import_cannot_do(vault: Path) -> None:
    run("build")
    (vault / "Sea.md").write_text("---\ndeck: Other\n---\n- **Label:** text with a **key phrase** in it.\n", encoding="utf-8")
    changes = rows("diff")
    moved = ("updated", "Takeaways", "Other")
    assert [(change["status"], change["from_deck"], change["deck"]) for change in changes] == [moved, moved]
    assert "deck" in changes[0]["reasons"]
    assert any("an import cannot move them" in sentence for sentence in changes[0]["anki"])


def test_retired_cards_and_their_search(vault: Path) -> None:
    run("build")
    guids = [card["id"] for card in rows("list")]
    assert "no retired cards" in run("retired").stdout
    (vault / "Sea.md").write_text("# Sea\n", encoding="utf-8")
    ran = run("build")
    assert "2 retired" in ran.stdout
    assert not (vault / "decks" / "Takeaways.apkg").exists()
    shown = run("retired").stdout
    assert any(f'"ID:re:^({"|".join(order)})$"' in shown for order in (guids, guids[::-1]))
    assert {card["id"] for card in rows("retired")} == set(guids)
    (vault / "Sea.md").write_text(NOTE, encoding="utf-8")
    assert "2 back" in run("build").stdout
    assert [card["id"] for card in rows("list")] == guids


def test_a_new_title_waits_until_it_is_asked_for(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("build")
    (vault / "Sea.md").write_text(NOTE.replace("# Sea", "# Ocean"), encoding="utf-8")
    assert "updated" not in run("build").stdout
    ran = run("diff")
    assert "· waiting  Sea.md:3  Label  (context)" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "2 waiting"
    before = (vault / "decks" / "ledger.jsonl").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1900000000")
    ran = run("build", "--refresh")
    assert "2 updated" in ran.stdout
    assert "the import replaces 2 cards in Anki, with your own edits and what stands in Extra" in ran.stdout
    assert (vault / "decks" / "ledger.jsonl").read_bytes().count(b",1900000000,") == 2 + before.count(b",1900000000,")
    assert "nothing to do" in run("diff").stdout
    assert "nothing to do" in run("build", "--refresh").stdout


def test_a_damaged_ledger_is_named(vault: Path) -> None:
    run("build")
    edit(vault / "decks" / "ledger.jsonl", "cloze", "close")
    for command in ("build", "diff", "list", "retired"):
        assert re.search(r"ledger\.jsonl:\d.*this line is damaged", refused(command))


def test_recover_by_the_command(vault: Path) -> None:
    run("build")
    (vault / "decks" / "ledger.jsonl").unlink()
    assert "cards recover" in refused("build")
    ran = run("recover", "decks/Takeaways.apkg")
    assert ran.exit_code == 0
    assert "2 cards recovered, 0 already known" in ran.stdout
    assert "nothing to do" in run("build").stdout


def test_an_edit_that_could_be_of_either_is_reported(vault: Path) -> None:
    twins = "- The pilot of the northern harbour knows **every bank** of the river {}.\n"
    (vault / "Sea.md").write_text(twins.format("by day") + twins.format("by tea"), encoding="utf-8")
    run("build")
    (vault / "Sea.md").write_text(twins.format("by bay"), encoding="utf-8")
    ran = run("build", "--strict")
    assert "may be an edit of either of two" in ran.stderr
    assert ran.exit_code == 1


def test_verify_exits_1_where_an_import_would_do_harm(vault: Path) -> None:
    pytest.importorskip("anki.collection")
    run("build")
    ran = run("verify", "decks/Takeaways.apkg")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.splitlines()[-1].startswith("✓ no harm would be done")
    assert json.loads(run("verify", "decks/Takeaways.apkg", "--json").stdout)["harm"] is False
    (vault / "broken.apkg").write_bytes(b"PK")
    ran = run("verify", "broken.apkg")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "broken.apkg: is not an Anki package" in ran.stderr
    packed(Path("harm.apkg"), unpacked(Path("decks/Takeaways.apkg")) | {"media": b'{"0": "../up.png"}', "0": b"x"})
    ran = run("verify", "harm.apkg")
    assert ran.exit_code == 1
    assert ran.stdout.splitlines()[-1].startswith("! harm would be done: refused")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[" * 100_000 + "\n", "ledger.jsonl:1: this is not a ledger"),
        ('{"cards-ledger": 2, "root": "\\u0000"}\n', "ledger.jsonl:1: the last line is missing"),
        ('{"cards-ledger": 2, "root": "loop"}\n', "ledger.jsonl:1: the last line is missing"),
    ],
)
def test_a_wrong_ledger(content: str, says: str, vault: Path) -> None:
    run("build")
    (vault / "decks" / "loop").symlink_to(vault / "decks" / "loop")
    write(vault, {"decks/ledger.jsonl": content})
    assert says in refused("build")


def test_a_fault_of_ours_is_a_sentence(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise LookupError("nothing\nthere")

    monkeypatch.setattr("cards.vault.config.load", faulty)
    ran = run("build")
    assert ran.exit_code == 2
    assert ran.stderr.startswith("error: internal error (LookupError: nothing there); please report it")
    monkeypatch.setenv("CARDS_TRACEBACK", "1")
    assert isinstance(run("build").exception, LookupError)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp932"])
def test_a_pipe_that_writes_few_letters_costs_no_build(encoding: str, vault: Path) -> None:
    write(vault, {"Zażółć 鉄.md": "- **Gęślą 鉄:** jaźń ✓\n"})
    for command in ("build", "build --check", "list", "list --json", "lint", "diff", "build --help"):
        ran = CliRunner(charset=encoding).invoke(main, command.split())
        assert ran.exit_code == 0, ran.exception


@pytest.mark.parametrize("told", ["0", "1795400000000", "9" * 5000, "²", ""])
def test_a_time_that_is_none_is_not_taken(told: str, vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", told)
    assert run("build").exit_code == 0
    (vault / "Sea.md").rename(vault / "Other.md").write_text("- **Other:** text\n", encoding="utf-8")
    assert "2 retired" in run("build").stdout
    assert "ID:" in run("retired").stdout
    assert run("build").exit_code == 0

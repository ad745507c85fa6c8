"""Notes as people write them, and worse."""

from __future__ import annotations

from hypothesis import strategies as st

# fmt: off
NASTY = [
    "}}", "{{", "::", "{{c1::", "{{c2::x::y}}", "{{date}}", "}}}}::{{{{", "$\\frac{a}{b^{2}}$", "$$\\sum_{i}^{n}$$",
    "`std::vector<int>`", "`}}`", "`{{c1::x}}`", "<b>x</b>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "[sound:a.mp3]", "[latex]x[/latex]", "\\(x\\)", "\\\\(x\\\\)", "[a](javascript:alert(1))",
    "[b](https://example.org/c::d?{{e}})", "![[gone.png]]", "[[page|alias]]", "%% aside %%", "\x00\x1f\x7f",
    "\u202eevil\u202c", "العربية", "日本語の文。", "cafe\u0301", "👩‍👩‍👧‍👦", "(1:21 - 1:25)", "[2:30]", "_em_", "~~gone~~",
    "\\*", "&amp;", "&#125;&#125;", "<!-- -->",
]
# fmt: on
WORDS = st.sampled_from([*"the sea is deep and the harbour still; we wait. Then we sail! Why?".split(), *NASTY])
PLAIN = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
BOLD = PLAIN.map(lambda text: f"**{text}**")
HIGHLIGHT = PLAIN.map(lambda text: f"=={text}==")
SENTENCE = st.lists(PLAIN | BOLD | HIGHLIGHT, min_size=1, max_size=5).map(" ".join)
ITEM = st.builds(
    lambda indent, marker, label, text: f"{indent}{marker} {label}{text}",
    st.sampled_from(["", "\t", "    ", "  "]),
    st.sampled_from(["-", "*", "1."]),
    st.sampled_from(["", "**Label:** ", "**Label (7:50)**: ", "**A lead.** "]) | BOLD.map(lambda bold: f"{bold}: "),
    SENTENCE,
)
LINE = (
    ITEM
    | SENTENCE
    | st.sampled_from(["", "## Takeaways", "# Title", "> quote", "```", "---", "| a | b |", "Q: why?", "A: so."])
)
NOTE = st.builds(
    lambda head, lines: head + "\n".join(lines),
    st.sampled_from(["", "---\nsource: https://youtu.be/abcdefghijk\n---\n", "---\ntitle: {{x}}\n---\n"]),
    st.lists(LINE, min_size=1, max_size=10),
)

"use strict";
// Script of `cards preview`. Cards are drawn with the templates and the style that go to Anki, each in a shadow root, so
// that styles of the page and of the card do not mix. Only notes near the viewport are drawn.
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const $ = (id) => document.getElementById(id);
const style = new CSSStyleSheet();
style.replaceSync(data.css + "\n.card { min-height: 0; padding: 18px 20px 22px; }\nimg, audio { max-width: 100%; }");
const state = { night: false, phone: false, both: false, turned: new Set(), focus: -1 };
let shown = [];

// ------------------------------------------------------------------------------------------------ Anki's template language

/** Render a cloze field for one ordinal: https://docs.ankiweb.net/templates/fields.html#cloze-templates */
function cloze(field, ordinal, isAnswer) {
  const out = [], open = [];
  const put = (text) => (open.length ? open[open.length - 1].inner.push(text) : out.push(text));
  const token = /\{\{c([\d,]+)::|\}\}|::/g;
  let at = 0, match;
  while ((match = token.exec(field))) {
    const top = open[open.length - 1];
    if (match[0] === "::" && (!top || top.hintAt !== null)) continue;
    if (match[0] === "}}" && !top) continue;
    put(field.slice(at, match.index));
    at = token.lastIndex;
    if (match[1]) open.push({ ordinals: match[1].split(",").map(Number), inner: [], hintAt: null });
    else if (match[0] === "::") top.hintAt = top.inner.length;
    else {
      open.pop();
      const hint = top.hintAt === null ? "" : top.inner.slice(top.hintAt).join("");
      const inner = top.inner.slice(0, top.hintAt === null ? undefined : top.hintAt).join("");
      const active = top.ordinals.includes(ordinal);
      if (!active) put(`<span class="cloze-inactive" data-ordinal="${top.ordinals}">${inner}</span>`);
      else put(`<span class="cloze" data-ordinal="${top.ordinals}">${isAnswer ? inner : `[${hint || "..."}]`}</span>`);
    }
  }
  put(field.slice(at));
  return out.join("");
}

/** Render a template with its sections, fields and cloze fields: one side of a card. */
function draw(template, fields, ordinal, isAnswer) {
  const section = /\{\{#([^}]+)\}\}([\s\S]*?)\{\{\/\1\}\}/g;
  const filled = template.replace(section, (_, name, inner) => ((fields[name] || "").trim() ? inner : ""));
  return filled.replace(/\{\{(cloze:)?([^}]+)\}\}/g, (_, isCloze, name) =>
    isCloze ? cloze(fields[name] || "", ordinal, isAnswer) : fields[name] || "");
}

function side(one, isAnswer) {
  const type = data.types[one.kind];
  const fields = Object.fromEntries(type.fields.map((name, i) => [name, one.fields[i]]));
  const host = document.createElement("div");
  host.className = "side";
  const shadow = host.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [style];
  const body = document.createElement("div");
  body.className = "card" + (state.night ? " nightMode night_mode" : "") + (state.phone ? " mobile" : "");
  body.innerHTML = draw(isAnswer ? type.back : type.front, fields, one.ordinal, isAnswer);
  for (const link of body.querySelectorAll("a[href]")) { link.target = "_blank"; link.rel = "noopener noreferrer"; }
  for (const image of body.querySelectorAll("img[data-media]")) {
    const source = data.media[image.dataset.media];
    if (source) image.src = source;
    else image.replaceWith(`[${image.dataset.media}]`);
  }
  for (const sound of body.querySelectorAll("[data-sound]")) {
    const source = data.media[sound.dataset.sound];
    const player = document.createElement("audio");
    player.controls = true;
    player.preload = "none";
    player.setAttribute("aria-label", `sound ${sound.dataset.sound}`);
    if (source) player.src = source;
    sound.replaceWith(source ? player : `[${sound.dataset.sound}]`);
  }
  shadow.append(body);
  return host;
}

// ------------------------------------------------------------------------------------------------ cards and notes

const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
// a sentence with two gaps is one card, as in the terminal, though both of its sides are shown
const size = (indexes) => new Set(indexes.map((index) => data.cards[index].card)).size;
const counted = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
const kinds = { qa: "question", cloze: "cloze" };

function article(index) {
  const one = data.cards[index];
  const made = element("article");
  made.tabIndex = 0;
  made.dataset.index = index;
  made.setAttribute("aria-label", `${kinds[one.kind]}, line ${one.line}`);
  fill(made, one, index);
  made.addEventListener("focus", () => { state.focus = index; point(made, one); });
  return made;
}

function fill(made, one, index) {
  const turned = state.turned.has(index);
  made.replaceChildren();
  if (state.both || !turned) made.append(side(one, false));
  if (state.both || turned) made.append(side(one, true));
  const foot = element("footer");
  foot.append(element("span", "", `${kinds[one.kind]}${one.kind === "cloze" ? ` c${one.ordinal}` : ""}`));
  foot.append(element("span", "", `line ${one.line}`), element("span", "", one.deck));
  if (!state.both) {
    const turn = element("button", "", turned ? "Question" : "Turn");
    turn.type = "button";
    turn.addEventListener("click", () => turnCard(index));
    foot.append(turn);
  }
  for (const number of one.findings) {
    const found = data.findings[number];
    const line = element("p", "finding");
    line.append(element("b", "", found.code), ` ${found.message}. ${found.fix}`);
    foot.append(line);
  }
  made.append(foot);
}

function turnCard(index) {
  state.turned.has(index) ? state.turned.delete(index) : state.turned.add(index);
  const made = document.querySelector(`article[data-index="${index}"]`);
  if (!made) return;
  fill(made, data.cards[index], index);
  made.focus({ preventScroll: true });
}

/** Highlight the line of a card in the note's text. */
function point(made, one) {
  const text = made.closest("section").querySelector(".text");
  for (const line of text.querySelectorAll(".here")) line.classList.remove("here");
  const line = text.querySelector(`[data-line="${one.line}"]`);
  if (!line) return;
  line.classList.add("here");
  if (getComputedStyle(text).position === "sticky") text.scrollTop = line.offsetTop - text.clientHeight / 3;
}

function drawNote(section) {
  if (section.dataset.drawn) return;
  section.dataset.drawn = "1";
  const number = Number(section.dataset.note), note = data.notes[number];
  const pair = element("div", "pair"), text = element("ol", "text"), cards = element("div", "cards");
  text.setAttribute("aria-label", `the text of ${note.path}`);
  text.tabIndex = 0;
  const mine = new Set(section.cards);
  note.lines.forEach((words, i) => {
    const line = element("li"), number = i + 1, body = element("span", "words", words);
    line.dataset.line = number;
    body.dir = "auto";
    const mark = note.marks[number];
    if (mark !== undefined) {
      line.className = "taken";
      line.addEventListener("click", () => {
        const target = [...mine].find((index) => data.cards[index].line === mark);
        if (target !== undefined) focusCard(target);
      });
    }
    for (const reason of note.skipped[number] || []) {
      if (mark === undefined) line.className = "left";
      body.append(element("span", "reason", reason));
    }
    for (const found of note.findings[number] || []) body.append(element("span", "found", found));
    const count = element("span", "number", number);
    count.setAttribute("aria-hidden", "true");
    line.append(count, body);
    text.append(line);
  });
  for (const index of section.cards) cards.append(article(index));
  if (!section.cards.length) cards.append(element("p", "none", "no cards"));
  pair.append(text, cards);
  section.querySelector(".pair").replaceWith(pair);
  section.style.minHeight = "";
}

const watcher = new IntersectionObserver(
  (entries) => entries.forEach((entry) => entry.isIntersecting && drawNote(entry.target)),
  { rootMargin: "900px 0px" },
);

// ------------------------------------------------------------------------------------------------ filters and keys

const plain = (html) => html.replace(/<[^>]*>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").toLowerCase();
const wordsOf = (one) => (one.words ??= plain(one.fields.slice(0, 3).join(" ")));

function show() {
  const wanted = { note: $("note").value, kind: $("kind").value, deck: $("deck").value, finding: $("finding").value };
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const filtered = words.length || wanted.kind || wanted.deck || wanted.finding;
  const cards = data.cards.map((_, i) => i).filter((i) => {
    const one = data.cards[i];
    return (!wanted.note || one.note === Number(wanted.note)) && (!wanted.kind || one.kind === wanted.kind)
      && (!wanted.deck || one.deck === wanted.deck)
      && (!wanted.finding || one.findings.some((n) => data.findings[n].code === wanted.finding))
      && words.every((word) => wordsOf(one).includes(word));
  });
  const byNote = new Map();
  for (const i of cards) byNote.set(data.cards[i].note, [...(byNote.get(data.cards[i].note) || []), i]);
  const hasFinding = (note) => wanted.finding && !words.length && !wanted.kind && !wanted.deck && note.codes.includes(wanted.finding);
  watcher.disconnect();
  const sections = [];
  data.notes.forEach((note, number) => {
    if (wanted.note && number !== Number(wanted.note)) return;
    if (filtered && !byNote.has(number) && !hasFinding(note)) return;
    const section = element("section");
    section.dataset.note = number;
    section.cards = byNote.get(number) || [];
    section.setAttribute("aria-label", note.title);
    section.append(element("h2", "", note.title), element("p", "path", `${note.path} · ${counted(size(section.cards), "card")}`), element("div", "pair"));
    section.style.minHeight = `${Math.max(160, Math.min(section.cards.length * 190, 6000))}px`;
    sections.push(section);
  });
  shown = sections.flatMap((section) => section.cards);
  if (!sections.length) sections.push(element("p", "none", "no matching cards"));
  $("notes").replaceChildren(...sections);
  sections.forEach((section) => section.dataset.note && watcher.observe(section));
  $("count").textContent = `${size(shown).toLocaleString("en")} of ${counted(size(data.cards.map((_, i) => i)), "card")}, ${counted(data.findings.length, "finding")}`;
}

function focusCard(index) {
  const section = document.querySelector(`section[data-note="${data.cards[index].note}"]`);
  if (!section) return;
  drawNote(section);
  const made = section.querySelector(`article[data-index="${index}"]`);
  if (!made) return;
  made.focus({ preventScroll: true });
  made.scrollIntoView({ block: "nearest" });
}

function step(by) {
  if (!shown.length) return;
  const at = shown.indexOf(state.focus);
  focusCard(shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.max(0, Math.min(shown.length - 1, at + by))]);
}

function redraw() {
  for (const name of ["night", "phone", "both"]) {
    root.classList.toggle(name, state[name]);
    $(name).setAttribute("aria-pressed", state[name]);
  }
  for (const made of document.querySelectorAll("article")) fill(made, data.cards[made.dataset.index], Number(made.dataset.index));
}

const toggle = (name) => { state[name] = !state[name]; redraw(); };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const keys = { j: () => step(1), k: () => step(-1), n: () => toggle("night"), p: () => toggle("phone"), b: () => toggle("both"), "/": () => $("search").focus() };
  if (event.key === " " && event.target.matches("article")) turnCard(Number(event.target.dataset.index));
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});

function options(select, pairs) {
  select.replaceChildren(new Option("all", ""), ...pairs.map(([value, text]) => new Option(text, value)));
}

options($("note"), data.notes.map((note, i) => [String(i), note.path]));
options($("deck"), [...new Set(data.cards.map((one) => one.deck))].sort().map((deck) => [deck, deck]));
options($("finding"), data.rules.map((rule) => [rule.code, `${rule.code} ${rule.name} (${rule.count})`]));
for (const id of ["note", "kind", "deck", "finding"]) $(id).addEventListener("change", show);
let waiting;
$("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 80); });
$("filters").addEventListener("submit", (event) => event.preventDefault());
for (const name of ["night", "phone", "both"]) $(name).addEventListener("click", () => toggle(name));

// ------------------------------------------------------------------------------------------------ reload after each build

const kept = data.live && JSON.parse(sessionStorage.getItem("cards") || "null");
if (kept) {
  for (const id of ["search", "note", "kind", "deck", "finding"]) $(id).value = kept[id] ?? "";
  Object.assign(state, kept.state);
}
show();
redraw();
if (kept) scrollTo(0, kept.scroll);
if (data.live) {
  let version = null;
  new EventSource("/events").onmessage = (event) => {
    if (version !== null && event.data !== version) {
      const values = Object.fromEntries(["search", "note", "kind", "deck", "finding"].map((id) => [id, $(id).value]));
      const { night, phone, both } = state;
      sessionStorage.setItem("cards", JSON.stringify({ ...values, state: { night, phone, both }, scroll: scrollY }));
      location.reload();
    }
    version = event.data;
  };
}

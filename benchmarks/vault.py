"""Make a vault of notes as people write them, to measure on: the same seed gives the same bytes on any machine.

    python benchmarks/vault.py FOLDER [--notes 1000] [--seed 1] [--decks 20]

Notes are some 8 kB each, from 1 kB to 30 kB, and give some ten cards each; one in ten gives none. Three in five are English.
The text is put together from the words below and says nothing.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SIZES = (2000, 3000, 4000, 5000, 5000, 5000, 6000, 7000, 10000, 20000)  # bytes of a note, less a section or so


class Language(NamedTuple):
    """The words of a language. All things are of one gender, so that every sentence is grammatical.

    In `sentences` and `name` a, b, c are things, v and w verbs, t a tail, # a number. `mark` is what a label ends in,
    `space` what stands between sentences.
    """

    share: int  # of a hundred notes
    code: str
    thing: str
    sentences: tuple[str, ...]
    adjectives: list[str]
    nouns: list[str]
    verbs: list[str]
    tails: list[str]
    headings: tuple[str, str]  # of takeaways, of links
    mark: str = ":"
    space: str = " "
    name: str = "{a} {v} {b}"


def _words(text: str) -> list[str]:
    """The words of a row; an underscore is a space."""
    return [word.replace("_", " ") for word in text.split()]


# fmt: off
LANGUAGES = (
    Language(
        60, "en", "the {0} {1}",
        ("{a} {v} {b} {t}.", "{t}, {a} {v} {b}, and {c} {w} it.", "He says that {a} {v} {b}, because {c} {w} the rest {t}.",
         "Where {a} {v} {b}, nobody asks why {c} {w} it {t}.", "{a} rarely {v} {b}; {c} {w} more {t}."),
        _words("old deep narrow northern quiet wooden bright heavy early salty grey hidden steady broken slow patient cheap "
               "second borrowed careful distant empty foreign gentle hollow idle joint late modest open rapid thin vast"),
        _words("harbour tide pilot channel bank fathom anchor current lantern dredger rope storm keel island captain chart "
               "agent model teacher archive bridge city clinic contract crowd engine farm field forest garden grid habit "
               "kitchen language library machine market memory method museum network office orchard paper price question "
               "recipe river road school signal station story theory tower village voice"),
        _words("carries holds leaves crosses measures forgets follows keeps raises lowers marks warns feeds guards explains "
               "replaces repeats doubles teaches questions rewards delays shortens outlives reshapes copies answers costs"),
        _words("after_#_years in_#_of_a_hundred_cases before_anybody_notices for_#_minutes_a_day at_half_the_cost "
               "once_the_first_doubt_is_gone in_the_winter_of_19# without_a_plan when_#_people_watch "
               "by_the_end_of_the_week"),
        ("Takeaways", "Resources"),
    ),
    Language(
        10, "de", "die {0} {1}",
        ("{a} {v} {b} {t}.", "Sie sagt, {a} {v} {b}, und {c} {w} den Rest {t}.", "Nur {a} {v} {b}, denn {c} {w} alles andere."),
        _words("alte tiefe enge stille helle schwere frühe graue verborgene ruhige zerbrochene langsame fremde leere"),
        _words("Karte Brücke Stadt Sprache Maschine Werkstatt Schule Frage Stimme Straße Küche Ernte Theorie Antwort Insel"),
        _words("trägt hält verlässt misst vergisst verfolgt bewahrt ersetzt wiederholt verdoppelt erklärt verkürzt prägt"),
        _words("nach_#_Jahren in_#_von_hundert_Fällen ohne_Plan zum_halben_Preis seit_dem_Winter_19# am_Ende_der_Woche"),
        ("Erkenntnisse", "Quellen"),
    ),
    Language(
        6, "fr", "la {1} {0}",
        ("{a} {v} {b} {t}.", "Elle dit que {a} {v} {b}, et que {c} {w} le reste {t}.", "Si {a} {v} {b}, alors {c} {w} tout."),
        _words("ancienne profonde étroite tranquille lourde grise cachée stable lente patiente lointaine vide étrangère"),
        _words("carte ville langue machine méthode voix route cuisine mémoire récolte question théorie réponse forêt rivière"),
        _words("porte garde quitte traverse mesure oublie suit remplace répète double explique raccourcit façonne"),
        _words("après_#_ans dans_#_cas_sur_cent sans_plan à_moitié_prix depuis_l’hiver_19# à_la_fin_de_la_semaine"),
        ("À retenir", "Ressources"),
    ),
    Language(
        6, "es", "la {1} {0}",
        ("{a} {v} {b} {t}.", "Ella dice que {a} {v} {b}, y que {c} {w} el resto {t}.", "Si {a} {v} {b}, {c} {w} lo demás."),
        _words("antigua profunda estrecha tranquila pesada gris oculta firme lenta paciente lejana vacía extraña"),
        _words("carta ciudad lengua máquina voz calle biblioteca cocina memoria cosecha pregunta teoría respuesta isla"),
        _words("lleva guarda deja cruza mide olvida sigue reemplaza repite duplica explica acorta transforma"),
        _words("después_de_#_años en_#_de_cien_casos sin_plan a_mitad_de_precio desde_el_invierno_de_19# al_final"),
        ("Ideas clave", "Recursos"),
    ),
    Language(
        6, "pl", "{0} {1}",
        ("{a} {v} {b} {t}.", "Mówi, że {a} {v} {b}, a {c} {w} resztę {t}.", "Skoro {a} {v} {b}, to {c} {w} wszystko inne."),
        _words("stare głębokie wąskie ciche ciężkie szare ukryte spokojne powolne cierpliwe odległe puste obce wspólne"),
        _words("okno morze światło pytanie słowo miasto pole jezioro narzędzie ćwiczenie prawo muzeum biuro zdanie drzewo"),
        _words("niesie trzyma opuszcza mierzy omija śledzi zastępuje powtarza podwaja wyjaśnia skraca kształtuje"),
        _words("po_#_latach w_#_przypadkach_na_sto bez_planu za_pół_ceny od_zimy_19# pod_koniec_tygodnia"),
        ("Wnioski", "Źródła"),
    ),
    Language(
        5, "zh", "{0}的{1}",
        ("{a}{v}了{b}，{t}。", "他认为{a}会{v}{b}，因为{c}{w}其余部分，{t}。", "只要{a}{v}{b}，{c}就能{w}一切。"),
        _words("古老 安静 狭窄 明亮 沉重 隐藏 稳定 缓慢 耐心 遥远 陌生 共同 年轻 便宜"),
        _words("港口 城市 语言 机器 方法 声音 道路 图书馆 厨房 记忆 收成 问题 理论 答案 习惯 学校 模型 市场 网络 工具"),
        _words("改变 保留 离开 衡量 忘记 跟随 代替 重复 解释 缩短 塑造 影响"),
        _words("在#年之后 没有计划 在一百次里有#次 只花一半的钱 每天#分钟 到周末为止"),
        ("要点", "相关链接"), "：", "", "{a}{v}{b}",
    ),
    Language(
        4, "ja", "{0}{1}",
        ("{a}は{t}{b}を{v}。", "彼によれば、{a}は{b}を{v}し、{c}は{t}残りを{w}。", "{a}が{b}を{v}なら、{c}は何も失わない。"),
        _words("古い 静かな 狭い 明るい 重い 隠れた 遅い 遠い 若い 安い 深い 小さな"),
        _words("港 都市 言語 機械 方法 声 道 図書館 台所 記憶 収穫 問題 理論 答え 習慣 学校 模型 市場 地図 道具"),
        _words("変える 守る 離れる 測る 忘れる 追う 置き換える 繰り返す 説明する 縮める"),
        _words("#年後に 計画なしに 百回のうち#回 半分の費用で 毎日#分 週末までに"),
        ("まとめ", "参考リンク"), "：", "", "{a}が{b}を{v}",
    ),
    Language(
        3, "ar", "{1} {0}",
        ("{v} {a} {b} {t}.", "يقول إن {a} {v} {b}، وإن {c} {w} ما بقي {t}.", "حين {v} {a} {b}، {w} {c} كل شيء."),
        _words("القديمة العميقة الضيقة الهادئة الثقيلة الخفية البطيئة البعيدة الفارغة الغريبة الجديدة"),
        _words("المدينة اللغة الآلة المدرسة الطريقة المكتبة الذاكرة النظرية العادة السفينة الجزيرة الخريطة القصة الحديقة"),
        _words("تحمل تحفظ تترك تعبر تقيس تنسى تتبع تكرر تشرح تغير"),
        _words("بعد_#_سنوات بلا_خطة بنصف_الثمن كل_يوم منذ_شتاء_19# في_آخر_الأسبوع"),
        ("الخلاصة", "روابط"),
    ),
)
# fmt: on
HOSTS = ("https://www.youtube.com/watch?v={}", "https://talks.example.org/{}.mp3", "https://open.spotify.com/episode/{}")


class Writing:
    """One note in the making, and the words of its language."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.words = draw.choices(LANGUAGES, [each.share for each in LANGUAGES])[0]
        self.timed = draw.random() < 0.7
        self.bullet = draw.choice("---*")
        self.title = self.label()

    def thing(self) -> str:
        return self.words.thing.format(self.draw.choice(self.words.adjectives), self.draw.choice(self.words.nouns))

    def filled(self, pattern: str, mark: str = "") -> str:
        pick, words = self.draw.choice, self.words
        things = {"a": self.thing(), "b": mark + self.thing() + mark.replace("[", "]"), "c": self.thing()}
        made = pattern.format(**things, v=pick(words.verbs), w=pick(words.verbs), t=pick(words.tails))
        return (made[:1].upper() + made[1:]).replace("#", self.number())

    def label(self) -> str:
        return self.filled(self.words.name if self.draw.random() < 0.7 else "{a}")

    def sentence(self, mark: str = "") -> str:
        """A sentence; one of its things stands between `mark`s."""
        return self.filled(self.draw.choice(self.words.sentences), mark)

    def prose(self, least: int = 2, most: int = 5) -> str:
        """Sentences that give no card; one in six has a link, a quotation or something in italics."""
        marks = ("", "", "", "", "", self.draw.choice(("*", "_", "[[", '"')))
        return self.words.space.join(self.sentence(self.draw.choice(marks)) for _ in range(self.draw.randint(least, most)))

    def number(self) -> str:
        return str(self.draw.randrange(10, 100))

    def stamp(self, share: float = 0.7) -> str:
        if not self.timed or self.draw.random() > share:
            return ""
        start = self.draw.randrange(5000)
        end = start + self.draw.randrange(5, 90)
        point = f"{start // 60}:{start % 60:02}"
        return self.draw.choice((f" ({point})", f" ({point} - {end // 60}:{end % 60:02})", f" [{point}]"))

    def link(self) -> str:
        return f"[{self.label()}](https://example.org/{self.number()}/{self.number()})"

    def rows(self, make: Callable[[], str], least: int, most: int, lead: str = "- ") -> str:
        return "\n".join(lead + make() for _ in range(self.draw.randint(least, most)))

    # -------------------------------------------------------------------------------------------- takeaways and the rest

    def takeaway(self) -> str:
        """A bullet that gives a card or two."""
        kind, mark, space = self.draw.randrange(10), self.words.mark, self.words.space
        if kind < 3:
            return f"**{self.label()}{mark}**{space}{self.sentence('**')}{space}{self.prose(1, 2)}{self.stamp()}"
        if kind < 5:
            return f"**{self.label()}**{self.stamp()}{mark}{space}{self.prose(1, 3)}"
        if kind == 5:
            return f"**{self.label()}** — {self.prose(1, 2)}{self.stamp()}"
        if kind == 6:
            return f"{self.prose(1, 1)}{space}{self.sentence('==')}"
        if kind == 7:
            points = self.rows(self.sentence, 2, 4, f"\t{self.bullet} ")
            return f"**{self.label()}{mark}**{self.stamp()}\n{points}"
        return f"{self.sentence('**')}{space}{self.prose(1, 1)}{self.stamp()}"

    def bullets(self, plain: int) -> list[str]:
        """Takeaways among bullets that are none."""
        bullets = [self.takeaway() for _ in range(self.draw.randint(1, 4))] + [self.prose(1, 3) for _ in range(plain)]
        self.draw.shuffle(bullets)
        return [f"{self.bullet} {each}" for each in bullets]

    def oddity(self) -> str:
        """What else stands in notes; little of it gives a card."""
        makers: list[Callable[[], str]] = [
            lambda: f"{self.label()}?::{self.sentence()}",
            lambda: f"Q: {self.label()}?\nA: {self.prose(1, 2)}",
            lambda: f"{self.sentence('**')}{self.words.space}{self.prose(2, 4)} ^b{self.number()}",
            lambda: "| # | x |\n|---|---|\n" + self.rows(lambda: f"{self.number()} | {self.thing()} |", 2, 8, "| "),
            lambda: f"```python\ndef step{self.number()}(x):\n    return x * {self.number()}  # 1:{self.number()}\n```",
            lambda: f"> {self.prose(1, 3)}\n> — [[{self.label()}]]",
            lambda: f"> [!note] {self.label()}\n> {self.prose(1, 3)}",
            lambda: f"%% {self.sentence()} %%\n\n{self.sentence()} $x_{{{self.number()}}} = {self.number()}$",
            lambda: f"{self.prose(1, 2)} [[{self.label()}|{self.thing()}]], {self.link()}, `{self.number()}` #odd",
            lambda: self.rows(self.sentence, 1, 3, "- [ ] "),
            lambda: self.rows(self.sentence, 2, 4, "1. "),
        ]
        return self.draw.choice(makers)()

    def source(self) -> str:
        return self.draw.choice(HOSTS).format("".join(self.draw.choices("abcdefghijkmnopqrstuvwxyz23456789", k=11)))

    def frontmatter(self) -> str:
        source = f"source: {self.source()}\n" if self.timed else ""
        return (
            f'---\ntitle: "{self.title}"\nshow: "[[{self.thing()}]]"\nguests:\n  - "[[{self.thing()} {self.number()}]]"\n'
            f'host:\n  - "[[{self.thing()}]]"\ntopics:\n  - "[[{self.thing()}]]"\n  - "[[{self.thing()}]]"\n{source}'
            f"published: 2023-{self.draw.randrange(10, 13)}-{self.draw.randrange(10, 31)}\ncreated: 2024-01-02 03:04:05\n"
            f"status: done\ntags:\n  - podcast\n  - {self.words.code}\n---\n"
        )

    # ------------------------------------------------------------------------------------------------------ whole notes

    def document(self, size: int) -> str:
        """Sections of prose and bullets, with or without frontmatter."""
        head = self.frontmatter() if self.draw.random() < 0.8 else f"# {self.title}\n\n{self.source()}\n\n"
        blocks = [self.prose()]
        while _bytes(blocks) < size:
            blocks.append(f"{self.draw.choice(('##', '##', '###'))} {self.label()}{self.stamp(0.3)}")
            blocks += [self.prose(3, 6) for _ in range(self.draw.randint(2, 4))]
            blocks.append("\n".join(self.bullets(plain=2)))
            if self.draw.random() < 0.5:
                blocks.append(self.oddity())
        if self.draw.random() < 0.5:
            blocks += [f"## {self.words.headings[0]}", self.rows(self.sentence, 3, 6)]
        if self.draw.random() < 0.4:
            blocks += [f"## {self.words.headings[1]}", self.rows(self.link, 2, 6)]
        return head + "\n\n".join(blocks) + "\n"

    def outline(self, size: int) -> str:
        """A page of Logseq: properties, and everything in bullets."""
        lines = [f"title:: {self.title}\nauthor:: [[{self.thing()}]]\nurl:: {self.source()}\ntags:: {self.words.code}\n"]
        self.bullet = "-"
        while _bytes(lines) < size:
            lines.append(f"- ## {self.label()} {{{{youtube-timestamp {self.draw.randrange(5000)}}}}}\n  collapsed:: true")
            lines += ["\t" + each.replace("\n", "\n\t") for each in self.bullets(plain=6)]
        return "\n".join(lines)

    def without_cards(self, size: int) -> str:
        """A transcript, a diary, or a list of links."""
        makers: list[Callable[[], str]] = [
            lambda: f"**{self.number()}:{self.draw.randrange(10, 60)}** · {self.prose(1, 4)}\n",
            lambda: f"{self.prose()}\n",
            lambda: f"- {self.link()}",
        ]
        make = self.draw.choice(makers)
        rows = [self.frontmatter()]
        while _bytes(rows) < size:
            rows.append(make())
        return "\n".join(rows)


def _bytes(parts: list[str]) -> int:
    return sum(len(part.encode()) for part in parts)


def note(seed: int, number: int) -> tuple[str, str]:
    """The title and text of one note."""
    draw = random.Random(f"{seed}/{number}")
    made = Writing(draw)
    size = draw.choice(SIZES) * draw.randrange(60, 141) // 100
    shape = draw.choices((made.document, made.outline, made.without_cards), (76, 14, 10))[0]
    return made.title, shape(size)


def write(folder: Path, notes: int, seed: int = 1, decks: int = 20) -> None:
    """Write the notes into as many folders as there are to be decks."""
    for number in range(notes):
        title, text = note(seed, number)
        path = folder / f"Deck {number % decks + 1:02}" / f"{title} {number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for name, default in (("--notes", 1000), ("--seed", 1), ("--decks", 20)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    write(given.folder, given.notes, given.seed, given.decks)


if __name__ == "__main__":
    main()

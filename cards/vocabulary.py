"""The words that tell one kind of heading, label or phrase from another, in the languages people write notes in.

Headings are compared without case, emoji, numbers and colon (`heading_key`); an entry matches a heading that equals it,
or that goes on with a preposition or a colon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cards.prose import squeeze


def _lines(text: str) -> frozenset[str]:
    return frozenset(entry.strip() for line in text.strip().splitlines() for entry in line.split("·") if entry.strip())


TAKEAWAY_HEADINGS = _lines("""
takeaways · takeaway · key takeaways · key takeaway · main takeaways · my takeaways · top takeaways · core takeaways
key insights · key insight · insights · top insights · main insights · my insights · core insights
lessons · lessons learned · lessons learnt · key lessons · my lessons · learnings · key learnings · my learnings · what i learned · what i learnt
key points · main points · key ideas · main ideas · core ideas · big ideas · core idea · main idea · key messages
tl;dr · tldr · tl dr · summary · key findings · conclusion · conclusions · in short · in a nutshell · the gist · bottom line
erkenntnisse · wichtigste erkenntnisse · kernaussagen · kernpunkte · das wichtigste · zusammenfassung · fazit · lektionen · gelernt
points clés · à retenir · a retenir · idées clés · leçons · résumé · en bref · l'essentiel · conclusions clés · enseignements
puntos clave · ideas clave · conclusiones · lecciones · aprendizajes · resumen · en resumen · resumen en una línea
punti chiave · idee chiave · riassunto · lezioni · in breve · conclusioni · spunti
pontos-chave · pontos chave · principais pontos · principais aprendizados · aprendizados · lições · resumo · conclusões
belangrijkste punten · kernpunten · inzichten · samenvatting · lessen · conclusies
wnioski · kluczowe wnioski · najważniejsze wnioski · podsumowanie · lekcje · kluczowe punkty · kluczowe dane
выводы · ключевые выводы · ключевые моменты · ключевые идеи · главное · главная идея · главные идеи · итог · итоги · уроки · резюме · ключевые принципы
висновки · ключові висновки · підсумок
poznatky · klíčové poznatky · shrnutí · závěr · závěry
lärdomar · sammanfattning · viktiga insikter · læringspunkter · sammendrag · yhteenveto · opit
öne çıkanlar · önemli noktalar · özet · çıkarımlar · dersler
ý chính · ý chính rút gọn · tóm tắt · bài học · điểm chính · kết luận
总结 · 小结 · 本章小结 · 要点 · 核心要点 · 关键要点 · 核心观点 · 关键观点 · 精华收获 · 精华总结 · 收获 · 心得 · 启发 · 关键洞察 · 核心洞察 · 摘要 · 结论
總結 · 小結 · 要點 · 重點 · 重點整理 · 重點摘要 · 核心觀點 · 精華收穫 · 收穫 · 啟發 · 結論 · 關鍵洞察
まとめ · 要点 · ポイント · 重要ポイント · 学び · 学んだこと · 気づき · 要約 · 結論
요약 · 핵심 요약 · 핵심 · 핵심 포인트 · 배운 점 · 배운점 · 정리 · 결론 · 교훈 · 인사이트 · 주요 내용
الخلاصة · خلاصة · ملخص · أهم النقاط · النقاط الرئيسية · الدروس المستفادة · الفوائد · فوائد
מסקנות · סיכום · תובנות · נקודות עיקריות
मुख्य बातें · सारांश · निष्कर्ष
""")

SKIPPED_HEADINGS = _lines("""
references · reference · resources · resource · resources mentioned · mentioned resources · links · useful links · link · sources · source material
further reading · read more · reading list · recommended reading · related · related notes · related links · see also · bibliography · citations · footnotes
mentioned · mentioned books · books mentioned · people mentioned · mentions · books · further resources · additional resources · external links · backlinks
participants · attendees · attendance · guests · speakers · about the speaker · about the author · about the guest · about the host · hosts · sponsors · sponsor
agenda · agenda items · registration · schedule · logistics · action items · todo · todos · to do · to-do · tasks · task · next steps · next actions · reminders
chapters · chapter list · chapter markers · timestamps · timestamp · timeline · time stamps · table of contents · contents · toc · index
transcript · full transcript · transcription · raw transcript · captions · subtitles · show notes · shownotes
further exploration · potential areas for further exploration · areas for further exploration · open questions · comprehension questions · discussion questions · unanswered questions · follow-up questions · follow up questions · questions to explore · questions for further study · study questions · review questions · reflection questions
metadata · meta · properties · info box · infobox · episode details · episode info · book info · video info · changelog · version history
template · templates · attachments · embeds · credits · acknowledgements · acknowledgments · disclaimer
literatur · quellen · links und quellen · verweise · teilnehmer · tagesordnung · kapitel · kapitelmarken · zeitstempel · transkript · offene fragen · aufgaben · nächste schritte · weiterführendes · verwandte notizen
références · ressources · liens · participants et invités · ordre du jour · chapitres · transcription complète · questions ouvertes · voir aussi · bibliographie · prochaines étapes
referencias · recursos · enlaces · participantes · capítulos · transcripción · preguntas abiertas · véase también · bibliografía · tareas
riferimenti · risorse · collegamenti · partecipanti · ordine del giorno · capitoli · trascrizione · domande aperte · vedi anche
referências · ligações · participantes da reunião · transcrição · perguntas abertas · veja também
bronnen · verwijzingen · deelnemers · hoofdstukken · transcriptie · open vragen · zie ook
źródła · odnośniki · linki · uczestnicy · rozdziały · transkrypcja · powiązane notatki · otwarte pytania · zadania
ссылки · источники · ресурсы · участники · повестка · главы · таймкоды · расшифровка · транскрипт · открытые вопросы · связанные заметки · задачи · литература
参考 · 参考资料 · 参考文献 · 资源 · 相关资源 · 相关链接 · 链接 · 章节 · 时间戳 · 时间线 · 时间轴 · 目录 · 文字稿 · 逐字稿 · 原始文稿 · 参会人员 · 议程 · 延伸阅读 · 扩展阅读 · 待办 · 相关笔记 · 开放问题 · 材料信息 · 元数据
參考 · 參考資料 · 參考文獻 · 資源 · 相關資源 · 連結 · 章節 · 時間戳 · 時間軸 · 目錄 · 逐字稿 · 與會者 · 議程 · 延伸閱讀 · 待辦
参考リンク · リンク · 関連リンク · 関連 · 目次 · チャプター · タイムスタンプ · 文字起こし · 参加者 · 議題 · 出典 · ショーノート
참고 · 참고 자료 · 참고자료 · 참고 문헌 · 링크 · 관련 링크 · 목차 · 챕터 · 타임스탬프 · 참석자 · 안건 · 녹취록 · 출처
المصادر · المراجع · روابط · مصادر · الفصول · المشاركون · النص الكامل · أسئلة مفتوحة
מקורות · קישורים · משתתפים · פרקים · תמלול
tài liệu tham khảo · liên kết · nguồn · mục lục · bản ghi · câu hỏi mở
kaynaklar · bağlantılar · katılımcılar · bölümler · transkript metni
""")

BARE_LABELS = _lines("""
background · context · result · results · summary · overview · introduction · intro · conclusion · conclusions · note · notes · example · examples · definition · details
key point · key points · takeaway · takeaways · key takeaway · key takeaways · key insight · insight · insights · lesson · lessons · why · how · what · why it matters · how it works · what it is
pros · cons · advantages · disadvantages · benefits · drawbacks · limitations · limitation · risk · risks · impact · goal · goals · purpose · method · methods · approach · problem · solution · idea · main idea
question · answer · tip · tips · warning · recommendation · recommendations · dosage · use · usage · steps · first · second · third · finally
hintergrund · ergebnis · zusammenfassung · beispiel · überblick · ziel · lösung · vorteile · nachteile · contexte · résultat · exemple · résumé · objectif · avantages · inconvénients
contexto · resultado · ejemplo · resumen · objetivo · ventajas · desventajas · контекст · результат · пример · вывод · цель · проблема · решение
背景 · 结果 · 总结 · 例子 · 示例 · 目标 · 方法 · 问题 · 解决方案 · 优点 · 缺点 · 结论 · 배경 · 결과 · 요약 · 예시 · 목표 · 방법
""")

METADATA_LABELS = _lines("""
author · authors · host · hosts · guest · guests · speaker · speakers · show · podcast · podcaster · channel · episode · episode number · episode date · series · season
title · full title · subtitle · date · published · publish date · publication date · publisher · created · updated · modified · released · release date · recorded · year
source · sources · url · link · links · web page · website · video · audio · recording · format · type · category · categories · tag · tags · topics · topic · status · rating · priority · language
duration · length · runtime · reading time · word count · isbn · doi · location · where · when · venue · contact · attendees · participants · moderator · editor · translator · translation · transcript source
related · related notes · see also · up · parent · aliases · cover · id · version · license · born · died · spouse · children · parents · education · nationality · awards · occupation
autor · autorin · autoren · gast · gäste · gastgeber · datum · quelle · quellen · dauer · sprache · veröffentlicht · kanal · thema · themen
auteur · auteurs · invité · invités · animateur · date de publication · durée · langue · chaîne · sujet
autores · invitado · invitados · fecha · fuente · duración · idioma · canal · tema · autore · ospite · fonte · durata · data · fonte originale
autor tekstu · źródło · data publikacji · gość · prowadzący · czas trwania · автор · авторы · гость · ведущий · дата · источник · перевод · длительность · канал · тема · язык · теги
作者 · 来源 · 作者/来源 · 标题 · 类型 · 日期 · 发布日期 · 频道 · 嘉宾 · 主持人 · 主播 · 时长 · 链接 · 标签 · 关键元数据 · 元数据 · 语言 · 评分
標題 · 類型 · 發布日期 · 頻道 · 來賓 · 主持人 · 時長 · 連結 · 標籤 · 來源 · 語言 · 講者
著者 · 出典 · 日付 · 配信日 · 出演者 · ゲスト · タイトル · 時間 · リンク · タグ · 저자 · 출처 · 날짜 · 게스트 · 진행자 · 제목 · 링크 · 태그 · 길이
المؤلف · المصدر · الرابط · التاريخ · الضيف · المدة · tác giả · nguồn · kênh · ngày · khách mời · yazar · kaynak · tarih · konuk · süre
""")

SPEAKERS = _lines("""
user · assistant · chatgpt · interviewer · interviewee · narrator · moderator · host · guest · audience
""")

STRESS_WORDS = frozenset(
    """
    a an the this that these those it its he she they we you i me us them him her my your our their his hers who whom which what where
    when why how if then else and or but nor so yet not no never none nothing always only ever even just also too very much more most
    less least all any some each every both either neither few many several other another same such own one ones is are was were be been
    being am do does did done has have had can could may might must shall should will would need ought to of in on at by for from with
    without within into onto over under above below up down out off about as than there here again once now still already almost quite
    rather really actually exactly absolutely definitely certainly clearly simply truly literally extremely completely totally
    entirely fully highly important note warning caution attention yes ok okay please don't doesn't isn't aren't won't can't cannot
    before after during while until since because though although however therefore thus hence first second third last next new old
    der die das ein eine und oder aber nicht kein keine nie immer nur auch sehr alle jeder muss kann soll ist sind war wird mit ohne
    le la les un une et ou mais ne pas jamais toujours seulement aussi très tout tous toute toutes doit peut est sont avec sans
    el los las una y o pero nunca siempre solo sólo también muy todo todos toda todas debe puede es son con sin
    il lo gli e ma non mai sempre solo anche molto tutto tutti deve può è sono senza
    o os as e mas não nunca sempre só também muito tudo todos deve pode são com sem
    nie zawsze tylko nigdy bardzo musi może jest oraz lub ale и или но не нет никогда всегда только очень все всё должен может это
    不 没 没有 不是 是 也 都 很 最 更 必须 不要 不能 绝不 一定 只 只有 总是 从不 严禁 禁止 所有 每个 非常 沒有 必須 絕不 總是 嚴禁 從不
    """.split()
)

PREPOSITIONS = frozenset(
    """
    for of from on in about to with by at and after during as regarding re
    für von aus über zu mit der des zum zur pour de du des sur dans avec à para por del sobre en con per di da su nel dal
    voor van uit over met dla z o na ze od для из о об по от на к для з про
    """.split()
)

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2300-\u23ff\u2b00-\u2bff\u2190-\u21ff\u25a0-\u25ff\u3030\u303d\u3297\u3299\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+"
)
_NUMBERING = re.compile(r"^(?:[#(]?\d+(?:\.\d+)*[.):、]?|[ivxIVX]+[.)]|[A-Za-z][.)])\s+|^\d+(?:\.\d+)*[.、]\s*")
_NUMBER = re.compile(r"\b\d+\b")


def without_emoji(text: str) -> str:
    """A text without emoji and pictographs, and without the space they leave."""
    return squeeze(_EMOJI.sub(" ", text))


def heading_key(text: str) -> str:
    """A heading or label as it is compared: case folded, without emoji, numbers and closing colon."""
    text = _NUMBERING.sub("", without_emoji(text).replace("’", "'"))
    return squeeze(_NUMBER.sub(" ", text)).strip(" :：.!-–—*_").casefold()


def matches(text: str, entries: Iterable[str]) -> bool:
    """Whether a heading equals an entry, or is an entry and then a preposition or a colon."""
    key = heading_key(text)
    entries = entries if isinstance(entries, frozenset | set) else frozenset(entries)
    if key in entries:
        return True
    before, colon, _ = key.partition(":")
    if colon and before.strip() in entries:
        return True
    parts = key.split(" ")
    return any(parts[i] in PREPOSITIONS and " ".join(parts[:i]) in entries for i in range(1, len(parts)))


def is_takeaway_heading(text: str, extra: frozenset[str] = frozenset()) -> bool:
    """Whether a heading announces takeaways: an entry of the list, or `takeaway(s)` anywhere in it."""
    return bool(re.search(r"\btake-?aways?\b", heading_key(text))) or matches(text, TAKEAWAY_HEADINGS | extra)


def is_skipped_heading(text: str, extra: frozenset[str] = frozenset()) -> bool:
    """Whether a heading stands over a section that holds no takeaways."""
    return matches(text, SKIPPED_HEADINGS | extra)

"""What the properties of a note say of it: names, dates, recordings, in whatever shape people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache

from cards.model.prose import readable, squeeze
from cards.text.words import stands_in
from cards.timestamps import providers

_DEEPEST = 8  # levels of lists and mappings that are looked into
_WIKILINK = re.compile(r"!?\[\[([^\[\]|]*)(?:\|([^\[\]]*))?\]\]")
_MD_LINK = re.compile(r"\[([^\[\]]*)\]\((\S+?)\)")
_URL = re.compile(r"https?://[^\s<>\"')\]}]+")
_BARE_URL = re.compile(r"[\w-]+(?:\.[\w-]+)+/[^\s<>\"']+")
_RECORDING_KEYS = ("media", "video", "audio", "youtube", "recording", "media_link", "video_id", "videoid")
_SOURCE_KEYS = ("source", "url", "link", "source_url", "snipd", "urls")
SHOW_KEYS = ("show", "podcast", "show_title")
_SLUG = re.compile(r"[a-z]+(?:-[a-z]+)+")
_SECONDS_FROM = 600  # a smaller number may be minutes
_WRITTEN_OUT = re.compile(
    r"(?:PT)?\s*(?:(\d+)\s*(?:h|hrs?|hours?|std)\.?\s*)?(?:(\d+)\s*(?:m|min|mins|minutes?)\.?\s*)?(?:(\d+)\s*(?:s|secs?|seconds?)\.?)?",
    re.I,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MOST_NAMES = 3  # in a byline
_RECORDED = (*_RECORDING_KEYS, "podcast", "episode")  # keys whose value is of a recording, even where it is no link
_KEY_OF_SOURCE = re.compile(
    r"(?:^|[\W_])(?:source|url|urls|link|video|audio|media|recording|youtube|vimeo|spotify|soundcloud|apple|podcast|"
    r"episode|snipd|airr|web ?page|website|web|stream|talk|listen|watch|yt|ref|reference|resource|permalink|"
    r"quelle|aufnahme|lien|enregistrement|fuente|enlace|origen|fonte|origem|collegamento|bron|källa|länk|kilde|lenke|lähde|"
    r"źródło|zdroj|odkaz|forrás|kaynak|bağlantı|sursă|nguồn|источник|ссылка|джерело|посилання|"
    r"链接|連結|来源|來源|出处|出處|リンク|出典|출처|링크|المصدر|الرابط|מקור|קישור|स्रोत)(?:$|[\W_])",
    re.I,
)
_NOT_SOURCE = re.compile(
    r"cover|image|img|thumb|banner|icon|avatar|llm|author|channel|feed|profile|homepage|related|see.?also|next|prev|parent|^up$",
    re.I,
)
_VIDEO_ID = re.compile(r"(?:^|_|youtube|video)[ _-]?id$|^videoid$|^youtube$", re.I)


def get(values: Mapping[str, object], *keys: str) -> object:
    """The first of the keys that has a value, whatever its case and whether it writes `_`, `-` or a space."""
    folded = {_fold(key): value for key, value in reversed(list(values.items()))}
    for key in keys:
        value = folded.get(_fold(key))
        if value not in (None, "", [], {}):
            return value
    return None


@lru_cache(maxsize=16384)  # each is asked for many times
def _fold(key: str) -> str:
    return re.sub(r"[\s_-]+", "_", key.strip().casefold())


def unlinked(text: str) -> str:
    """A text with its wikilinks and Markdown links as what a reader sees."""
    text = _WIKILINK.sub(lambda match: (match[2] or match[1]).strip(), text)
    return _MD_LINK.sub(r"\1", text).strip().strip("\"'").strip()


def _target(text: str) -> str:
    """A text with its wikilinks and Markdown links as where they lead."""
    return _MD_LINK.sub(r"\2", _WIKILINK.sub(r"\1", text)).strip().strip("!\"'<>").strip()


def strings(value: object, depth: int = 0, shown: Callable[[str], str] = unlinked) -> Iterator[str]:
    """Every text in a value, however it is nested; wikilinks and Markdown links as what a reader sees."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        if text := shown(readable(value)):  # YAML's escapes may write any character
            yield text
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from strings(inner, depth + 1, shown)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from strings(inner, depth + 1, shown)
    elif value is not None and not isinstance(value, bool):
        with suppress(ValueError):  # a number of thousands of digits
            yield str(value)


def names(value: object) -> Iterator[str]:
    """Every name of a person or a thing in a value: several after commas, wikilinks as what a reader sees, no URLs."""
    for text in strings(value):
        for name in re.split(r"\s*[,，;；]\s*", text):
            if (name := squeeze(name.lstrip("@"))) and not _URL.match(name):
                yield name


def byline(values: Mapping[str, object], title: str) -> tuple[str, ...]:
    """Who speaks and in which show, as far as the title does not say it: `("Ada Palmer", "The Long Thread")`.

    The people are the guests, else the speakers, else the authors; more than three are cut.
    """
    people = [_spelt_out(name) for name in names(get(values, "guests", "guest", "speakers", "speaker", "authors", "author"))]
    shows = [_spelt_out(name) for name in names(get(values, *SHOW_KEYS, "channel"))][:1]
    untold = [name for name in dict.fromkeys(people) if not stands_in(name, title) and name not in shows]
    who = ", ".join(untold[:_MOST_NAMES]) + ("…" if len(untold) > _MOST_NAMES else "")
    return tuple(part for part in (who, *(show for show in shows if not stands_in(show, title))) if part)


def _spelt_out(name: str) -> str:
    """A name without the folder of its wikilink, a slug (`ada-palmer`) as a name."""
    name = name.rpartition("/")[2]
    return name.replace("-", " ").title() if _SLUG.fullmatch(name) else name


def length(values: Mapping[str, object]) -> int | None:
    """The length of the recording in seconds as the properties give it, None without one or where its unit is open.

    YAML 1.1 reads `24:19` as 1459, so a number that is large enough is one of seconds.
    """
    value = get(values, "duration", "length", "runtime")
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= _SECONDS_FROM else None
    text = next(iter(strings(value)), "")
    if match := re.fullmatch(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)", text):
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    if match := _WRITTEN_OUT.fullmatch(text):
        hours, minutes, left = (int(each or 0) for each in match.groups())
        return hours * 3600 + minutes * 60 + left or None
    return None


def year(value: object) -> int | None:
    """The year of a date however it is written, None without one."""
    found = next((match for text in strings(value) if (match := _YEAR.search(text))), None)
    return int(found[0]) if found else None


def urls(value: object) -> Iterator[str]:
    """Every http(s) URL in a value."""
    for text in strings(value, shown=str):
        yield from (match.rstrip(".,;") for match in _URL.findall(text))


def recordings(values: Mapping[str, object]) -> list[str]:
    """The URLs that the properties name as the note's source, the recording first.

    `media`, `video`, `audio`, `youtube` lead, then `source`, `url` and their like, then any other key that speaks of a
    source, or whose one value opens a recording at a second. A YouTube video id counts as its URL.
    """
    found: list[str] = []
    for key in (*_RECORDING_KEYS, *_SOURCE_KEYS):
        found += _of_key(key, get(values, key))
    for key, value in values.items():
        if _VIDEO_ID.search(key) or (_KEY_OF_SOURCE.search(key) and not _NOT_SOURCE.search(key)):
            found += _of_key(key, value)
    for key, value in values.items():
        if isinstance(value, str) and not _NOT_SOURCE.search(key):
            found += [url for url in _of_key(key, value) if providers.provider_of(url)]
    return list(dict.fromkeys(found))


def _of_key(key: str, value: object) -> list[str]:
    found = list(urls(value))
    if not found and _VIDEO_ID.search(key):
        found = [url for text in strings(value) if (url := providers.youtube(text))]
    if not found:  # a link without its scheme
        found = [
            f"https://{text}"
            for text in strings(value)
            if _BARE_URL.fullmatch(text) and providers.provider_of(f"https://{text}")
        ]
    return found


def recording_file(values: Mapping[str, object]) -> str | None:
    """The media file of the vault that the properties name as the recording, as they write it; None without one."""
    for key in (*_RECORDING_KEYS, "source"):
        for text in strings(get(values, key), shown=_target):
            if "://" not in text and providers.is_media(text):
                return text
    return None


def is_recorded(values: Mapping[str, object]) -> bool:
    """Whether the properties name a recording without a link to it: a media file of the vault, the name of an episode."""
    return recording_file(values) is not None or any(any(strings(get(values, key))) for key in _RECORDED)


def page(values: Mapping[str, object]) -> str | None:
    """The URL of the note's source as the user wrote it: `source`, `url`, …, else the recording."""
    for key in (*_SOURCE_KEYS, *_RECORDING_KEYS):
        if found := _of_key(key, get(values, key)):
            return found[0]
    return next(iter(recordings(values)), None)


def title(values: Mapping[str, object]) -> str | None:
    """The title the properties give, None without one."""
    return next(iter(strings(get(values, "title"))), None)


def people(values: Mapping[str, object]) -> frozenset[str]:
    """The names of the persons in the properties, case folded, slugs spelt out."""
    names = (
        name
        for key in ("guests", "guest", "host", "hosts", "author", "authors", "speaker", "speakers", "people")
        for text in strings(get(values, key))
        for name in re.split(r"\s*[,，、;；&]\s*", text)
    )
    return frozenset(re.sub(r"[-_]+", " ", name.lstrip("@")).casefold() for name in names if name)


def language(values: Mapping[str, object]) -> str:
    """The code of the note's language (ISO 639), empty where it says none."""
    for text in strings(get(values, "lang", "language", "locale")):
        if match := re.fullmatch(r"([a-z]{2,3})(?:[-_]\w+)?", text.casefold()):
            return match[1]
    return ""


def is_false(value: object) -> bool:
    """Whether a value says no (`false`, `no`, `off`)."""
    return value is False or (isinstance(value, str) and value.strip().casefold() in {"false", "no", "off"})

"""Link to a recording at a second. Each provider is a row of PROVIDERS; the rest of a URL stays byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from cards.model import Timestamp
from cards.timestamps.times import clock, seconds


class Provider(NamedTuple):
    """Provider: how its URLs say at which second to start.

    `at` is a template. Its first character is the place of the time: `?` in the query, `#` as the fragment, `/` at the end
    of the path. Its fields are `seconds`, `hms` (`1:21`, `1:17:40`), `h`, `m`, `s` and `span` (`81,85`). `page` is a regular
    expression for paths that lead to a recording, not to a channel or list. `source` documents the format. `stale` is a
    regular expression for the query keys of a time to replace.
    """

    name: str
    hosts: tuple[str, ...]
    at: str
    page: str
    source: str
    stale: str = "t"


_YOUTUBE = ("youtube.com", "youtu.be", "youtube-nocookie.com")
_YOUTUBE_STALE = "t|start|time_continue"
_ENDING = r"\.(?:mp3|m4a|m4b|ogg|oga|opus|wav|flac|aac|mp4|m4v|mov|mkv|webm|ogv)$"

# The first match counts. An empty `hosts` matches any host.
PROVIDERS = (
    Provider("Media files", (), "#t={span}", _ENDING, "W3C Media Fragments URI 1.0, section 4.2.1", stale=""),
    Provider(
        "YouTube players",
        _YOUTUBE,
        "?start={seconds}",
        r"^/embed/",
        "https://developers.google.com/youtube/player_parameters",
        _YOUTUBE_STALE,
    ),
    Provider(
        "YouTube",
        _YOUTUBE,
        "?t={seconds}s",
        r"^/(?:watch$|(?:shorts|live|v|e)/|[\w-]{11}/?$)",
        "https://support.google.com/youtube/answer/57741",
        _YOUTUBE_STALE,
    ),
    Provider(
        "Vimeo",
        ("vimeo.com",),
        "#t={seconds}s",
        r"^(?!/showcase/\d+$).*/\d+(?:/\w+)?$",
        "shared links, `#t=45s`",
    ),
    Provider("Spotify", ("open.spotify.com",), "?t={seconds}", r"/episode/", "shared links, “share from”"),
    Provider("Apple Podcasts", ("podcasts.apple.com",), "?t={seconds}", r"/podcast/", "seen in use; Apple documents no time"),
    Provider("Overcast", ("overcast.fm",), "/{hms}", r"^/\+", "shared links, `overcast.fm/+id/1:26:00`"),
    Provider("Pocket Casts", ("pca.st",), "?t={seconds}", r"^/(?!podcast/)", "shared links, `pca.st/episode/id?t=99`"),
    Provider(
        "SoundCloud",
        ("soundcloud.com",),
        "#t={hms}",
        r"^/[^/]+/(?!sets(?:/|$))[^/]+",
        "shared links, “share at”: `#t=25:51`",
    ),
    Provider("Twitch", ("twitch.tv",), "?t={h}h{m}m{s}s", r"/(?:videos|v)/\d+", "shared links, `?t=0h28m53s`"),
    Provider("Bilibili", ("bilibili.com",), "?t={seconds}", r"^/(?:video|bangumi/play)/", "shared links, `?t=81`"),
)
# Hosts of recordings whose links have no documented way to name a second.
_PAGES = (
    "pocketcasts.com",
    "b23.tv",
    "share.snipd.com",
    "airr.io",
    "castro.fm",
    "fathom.video",
    "loom.com",
    "ted.com",
)
PODNOTES = "obsidian://podnotes"  # a link of the PodNotes plugin, which opens the episode at its time by itself
_MEDIA_HOSTS = (*dict.fromkeys(name for row in PROVIDERS for name in row.hosts), *_PAGES)
_MEDIA_ENDING = re.compile(_ENDING, re.I)
_YOUTUBE_ID = re.compile(r"(?:[?&]v=|youtu\.be/|/(?:embed|shorts|live|v|e)/)([\w-]{11})(?![\w-])")
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|mc_[ce]id|si)=")
_CLOCK_AT_END = re.compile(r"/(\d{1,2}(?::\d\d){1,2})/?$")
_TIME = re.compile(r"[?&#;](?:t|start|time_continue)=([\dhms:.]+)(?:,([\dhms:.]+))?")
_END = re.compile(r"[?&;]end=([\dhms:.]+)")
_CLOCK = re.compile(r"\d+(?::[0-5]?\d){1,2}(?:\.\d*)?")
_UNITS = re.compile(r"(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d*)?s?)?")


@lru_cache(maxsize=1024)
def host(url: str) -> str:
    """Return the host of a URL in lower case, without `www.` or `m.`; empty if there is none or the URL is invalid."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.").removeprefix("m.")


@lru_cache(maxsize=1024)
def is_media(url: str) -> bool:
    """Whether a URL leads to a recording: it has a known media host, or ends like a media file."""
    if _belongs_to(host(url), _MEDIA_HOSTS) or url.startswith(PODNOTES):
        return True
    try:
        return bool(_MEDIA_ENDING.search(urlsplit(url).path))
    except ValueError:
        return False


def youtube(video_id: str) -> str | None:
    """Return the URL of a YouTube video, or None if the id is invalid."""
    return f"https://www.youtube.com/watch?v={video_id}" if re.fullmatch(r"[\w-]{11}", video_id) else None


@lru_cache(maxsize=1024)
def identity(url: str) -> str:
    """Return a key for comparing recordings: a YouTube id, else the URL without scheme, time, tracking and fragment."""
    if _belongs_to(host(url), _YOUTUBE) and (video := _YOUTUBE_ID.search(url)):
        return video[1]
    base, _, query = url.partition("#")[0].partition("://")[2].removeprefix("www.").partition("?")
    query = "&".join(part for part in query.split("&") if not (_TRACKING.match(part) or part.startswith("t=")))
    return f"{_CLOCK_AT_END.sub('', base).rstrip('/')}?{query}"


def moments(stamps: Iterable[Timestamp]) -> str:
    """A key for comparing the moments that stamps name, and the recordings they open."""
    return " ".join(f"{each.start}-{each.end}@{identity(each.url) if each.url else ''}" for each in stamps)


def time_of(url: str) -> Timestamp | None:
    """Return the time in a URL (`t=81`, `t=1m21s`, `#t=81.5,85`, `start=81&end=85`, Overcast's `/1:21`), None without one.

    A fragment wins over a query: players that write both leave the query of the first link unchanged.
    """
    matches = list(_TIME.finditer(url))
    match = next((each for each in matches if each[0].startswith("#")), matches[-1] if matches else None)
    if match is None:
        in_path = _CLOCK_AT_END.search(url) if _belongs_to(host(url), ("overcast.fm",)) else None
        return Timestamp(seconds(in_path[1])) if in_path else None
    start = _second(match[1])
    written_end = match[2] or (end[1] if "start=" in match[0] and (end := _END.search(url)) else None)
    stop = _second(written_end) if written_end else None
    return None if start is None else Timestamp(start, stop if stop is not None and stop > start else None)


def _second(written: str) -> int | None:
    """Return the whole seconds of a time in a URL (`81`, `81.5`, `1m21s`, `1:21`), None if it is invalid."""
    written = written.rstrip(".:")
    if _CLOCK.fullmatch(written):
        return seconds(written.partition(".")[0])
    if not (units := _UNITS.fullmatch(written)):
        return None
    h, m, s = (int(number or 0) for number in units.groups())
    return h * 3600 + m * 60 + s


def shown(url: str) -> str:
    """Return a URL without tracking parameters, for display. The link itself keeps them."""
    base, mark, fragment = url.partition("#")
    path, _, query = base.partition("?")
    query = "&".join(part for part in query.split("&") if not _TRACKING.match(part))
    return path + (f"?{query}" if query else "") + mark + fragment


def at_second(url: str, stamp: Timestamp) -> str:
    """Return the URL that opens the recording at the timestamp, or `url` if the page can't be opened at a second.

    A time already in the URL is replaced.
    """
    if url.startswith(PODNOTES):
        return url
    provider = provider_of(url)
    if provider is None and is_media(url) and "://" not in url:
        provider = PROVIDERS[0]  # a media file in the vault
    if provider is None:
        return url
    base, _, fragment = url.partition("#")
    path, _, query = base.partition("?")
    query = "&".join(part for part in query.split("&") if not _is_stale(part, provider.stale)).rstrip("&")
    fragment = "&".join(part for part in fragment.split("&") if not part.startswith("t="))
    place, time = provider.at[0], provider.at[1:].format_map(_template_values(stamp))
    if place == "?":
        query = f"{query}&{time}" if query else time
    elif place == "#":
        fragment = f"{time}&{fragment}" if fragment else time
    else:
        path = f"{_CLOCK_AT_END.sub('', path).rstrip('/')}/{time}"
    return path + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def filled(template: str, url: str, stamp: Timestamp) -> str:
    """Fill a template of the user's with `url`, `seconds`, `hms` and `end` (the start if the timestamp is a point).

    Query parameters that the template sets are first removed from the URL. If the URL still has a query, the template's
    `?` becomes `&`.
    """
    base, _, fragment = url.partition("#")
    path, _, query = base.partition("?")
    replaced = tuple(f"{name}=" for name in re.findall(r"[?&#](\w+)=\{", template))
    query = "&".join(part for part in query.split("&") if not part.startswith(replaced)).rstrip("&")
    if query:
        path, template = f"{path}?{query}", template.replace("{url}?", "{url}&")
    link = template.format_map({**_template_values(stamp), "url": path})
    return link if "#" in template or not fragment else f"{link}#{fragment}"


def is_template(value: object) -> bool:
    """Whether a value is a valid template for `filled`."""
    if not isinstance(value, str) or not value.startswith(("{url}", "https://", "http://")):
        return False
    return not re.search(r"[{}]", re.sub(r"\{(?:url|seconds|end|hms)\}", "", value))


@lru_cache(maxsize=256)
def provider_of(url: str) -> Provider | None:
    """Return the provider that can open this recording at a second, None if there is none or the URL is invalid."""
    name = host(url)
    if not name:
        return None
    path = urlsplit(url).path
    for row in PROVIDERS:
        if (not row.hosts or _belongs_to(name, row.hosts)) and re.search(row.page, path, re.I):
            return row
    return None


def _belongs_to(name: str, hosts: tuple[str, ...]) -> bool:
    """Whether a host is one of `hosts` or a subdomain of one."""
    return any(name == known or name.endswith(f".{known}") for known in hosts)


def _is_stale(part: str, keys: str) -> bool:
    """Whether a query parameter is a time to replace: `t=72s`, or `t1h2m` as some exporters write it."""
    return bool(keys) and bool(re.match(rf"(?:{keys})=|t\d+[hms]", part))


def _template_values(stamp: Timestamp) -> dict[str, str]:
    """Return the values of a template's fields, by name."""
    minutes, s = divmod(stamp.start, 60)
    h, m = divmod(minutes, 60)
    return {
        "seconds": str(stamp.start),
        "hms": clock(stamp.start),
        "end": str(stamp.start if stamp.end is None else stamp.end),
        "h": str(h),
        "m": str(m),
        "s": str(s),
        "span": str(stamp.start) if stamp.end is None else f"{stamp.start},{stamp.end}",
    }

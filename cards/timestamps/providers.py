"""A recording's URL at a second. A provider is a row of `PROVIDERS`; the rest of a URL is kept byte for byte."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from cards.model import Timestamp
from cards.timestamps.times import clock, seconds


class Provider(NamedTuple):
    """How one provider's URLs take a second.

    `at` begins with where the time stands: `?` in the query, `#` as the fragment, `/` at the end of the path. It is filled
    with `seconds`, `hms` (`1:21`, `1:17:40`), `h`, `m`, `s` and `span` (`81,85`). `page` says which paths lead to a
    recording, since a channel or a list can't be opened at a second. `stale` are the times in a query that it replaces.
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

# The first row that fits counts. No hosts means any.
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
# Hosts of recordings that are linked as pages, for want of a documented time in their links.
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
_MEDIA_HOSTS = (*dict.fromkeys(name for row in PROVIDERS for name in row.hosts), *_PAGES)
_MEDIA_ENDING = re.compile(_ENDING, re.I)
_YOUTUBE_ID = re.compile(r"(?:[?&]v=|youtu\.be/|/(?:embed|shorts|live|v|e)/)([\w-]{11})(?![\w-])")
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|mc_[ce]id|si)=")
_CLOCK_AT_END = re.compile(r"/(\d{1,2}(?::\d\d){1,2})/?$")
_TIME = re.compile(r"[?&#;](?:t|start|time_continue)=([\dhms:.]+)(?:,([\dhms:.]+))?")
_END = re.compile(r"[?&;]end=([\dhms:.]+)")
_CLOCK = re.compile(r"\d+(?::[0-5]?\d){1,2}(?:\.\d*)?")
_UNITS = re.compile(r"(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d*)?s?)?")


def host(url: str) -> str:
    """The host of a URL without `www.`, lower case; empty where there is none or the URL is broken."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.").removeprefix("m.")


def is_media(url: str) -> bool:
    """Whether a URL is known to lead to a recording: a media host, or a media file by its ending."""
    if _is_of(host(url), _MEDIA_HOSTS):
        return True
    try:
        return bool(_MEDIA_ENDING.search(urlsplit(url).path))
    except ValueError:
        return False


def youtube(video_id: str) -> str | None:
    """The URL of a YouTube video by its eleven-character id, None where it is no such id."""
    return f"https://www.youtube.com/watch?v={video_id}" if re.fullmatch(r"[\w-]{11}", video_id) else None


def identity(url: str) -> str:
    """What tells one recording from another: a YouTube video's id, else the URL without scheme, time, tracking and fragment."""
    if _is_of(host(url), _YOUTUBE) and (video := _YOUTUBE_ID.search(url)):
        return video[1]
    base, _, query = url.partition("#")[0].partition("://")[2].removeprefix("www.").partition("?")
    query = "&".join(part for part in query.split("&") if not (_TRACKING.match(part) or part.startswith("t=")))
    return f"{_CLOCK_AT_END.sub('', base).rstrip('/')}?{query}"


def time_of(url: str) -> Timestamp | None:
    """The time a URL points at (`t=81`, `t=1m21s`, `#t=81.5,85`, `start=81&end=85`, Overcast's `/1:21`), None without one.

    A fragment wins over a query: players that write both keep the query of the first link.
    """
    found = list(_TIME.finditer(url))
    match = next((each for each in found if each[0].startswith("#")), found[-1] if found else None)
    if match is None:
        at_end = _CLOCK_AT_END.search(url) if _is_of(host(url), ("overcast.fm",)) else None
        return Timestamp(seconds(at_end[1])) if at_end else None
    start = _second(match[1])
    late = match[2] or (end[1] if "start=" in match[0] and (end := _END.search(url)) else None)
    stop = _second(late) if late else None
    return None if start is None else Timestamp(start, stop if stop is not None and stop > start else None)


def _second(written: str) -> int | None:
    """The whole second of a time in a URL: `81`, `81.5`, `1m21s`, `1:21`."""
    written = written.rstrip(".:")
    if _CLOCK.fullmatch(written):
        return seconds(written.partition(".")[0])
    if not (units := _UNITS.fullmatch(written)):
        return None
    hours, minutes, left = (int(each or 0) for each in units.groups())
    return hours * 3600 + minutes * 60 + left


def shown(url: str) -> str:
    """A URL as a card shows it: without tracking parameters. The link itself keeps them."""
    base, mark, fragment = url.partition("#")
    path, _, query = base.partition("?")
    query = "&".join(part for part in query.split("&") if not _TRACKING.match(part))
    return path + (f"?{query}" if query else "") + mark + fragment


def at_second(url: str, stamp: Timestamp) -> str:
    """The URL that opens the recording at the stamp, as its provider's row says.

    A time already there is replaced. A page that can't be opened at a second is linked as it is.
    """
    provider = provider_of(url)
    if provider is None and not (is_media(url) and "://" not in url):  # a file of the vault is one, too
        return url
    provider = provider or PROVIDERS[0]
    base, _, fragment = url.partition("#")
    path, _, query = base.partition("?")
    query = "&".join(part for part in query.split("&") if not _is_stale(part, provider.stale)).rstrip("&")
    fragment = "&".join(part for part in fragment.split("&") if not part.startswith("t="))
    place, time = provider.at[0], provider.at[1:].format_map(_written(stamp))
    if place == "?":
        query = f"{query}&{time}" if query else time
    elif place == "#":
        fragment = f"{time}&{fragment}" if fragment else time
    else:
        path = f"{_CLOCK_AT_END.sub('', path).rstrip('/')}/{time}"
    return path + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def filled(template: str, url: str, stamp: Timestamp) -> str:
    """A URL by a template of the user's, with `url`, `seconds`, `end` (the start where there is none) and `hms`.

    What the template sets by name is taken out of the URL first, and its `?` is a `&` where the URL has a query already.
    """
    base, _, fragment = url.partition("#")
    path, _, query = base.partition("?")
    named = tuple(f"{name}=" for name in re.findall(r"[?&#](\w+)=\{", template))
    query = "&".join(part for part in query.split("&") if not part.startswith(named)).rstrip("&")
    if query:
        path, template = f"{path}?{query}", template.replace("{url}?", "{url}&")
    link = template.format_map({**_written(stamp), "url": path})
    return link if "#" in template or not fragment else f"{link}#{fragment}"


def is_template(value: object) -> bool:
    """Whether a value can be filled to a link."""
    if not isinstance(value, str) or not value.startswith(("{url}", "https://", "http://")):
        return False
    return not re.search(r"[{}]", re.sub(r"\{(?:url|seconds|end|hms)\}", "", value))


def provider_of(url: str) -> Provider | None:
    """The provider whose links to this recording take a second, None where there is none or the URL is broken."""
    name = host(url)
    if not name:
        return None
    path = urlsplit(url).path
    for row in PROVIDERS:
        if (not row.hosts or _is_of(name, row.hosts)) and re.search(row.page, path, re.I):
            return row
    return None


def _is_of(name: str, hosts: tuple[str, ...]) -> bool:
    return any(name == known or name.endswith(f".{known}") for known in hosts)


def _is_stale(part: str, keys: str) -> bool:
    """Whether a part of a query is a time: `t=72s`, and `t1h2m` as some exporters write it."""
    return bool(keys) and bool(re.match(rf"(?:{keys})=|t\d+[hms]", part))


def _written(stamp: Timestamp) -> dict[str, str]:
    """A stamp in the ways that providers write one."""
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

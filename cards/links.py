"""A recording's URL at a second. Only what the provider documents; the rest of the URL is kept byte for byte."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cards.model import Timestamp

_YOUTUBE_HOSTS = ("youtube.com", "youtu.be", "youtube-nocookie.com")
_MEDIA_HOSTS = (
    *_YOUTUBE_HOSTS,
    "vimeo.com",
    "open.spotify.com",
    "podcasts.apple.com",
    "overcast.fm",
    "pca.st",
    "pocketcasts.com",
    "soundcloud.com",
    "twitch.tv",
    "bilibili.com",
    "b23.tv",
    "share.snipd.com",
    "airr.io",
    "castro.fm",
    "fathom.video",
    "loom.com",
    "ted.com",
)
_MEDIA_ENDING = re.compile(r"\.(?:mp3|m4a|m4b|ogg|oga|opus|wav|flac|aac|mp4|m4v|mov|mkv|webm|ogv)$", re.I)
_TIME_PARTS = re.compile(r"(?<=[?&])(?:t|start|time_continue)=[^&#]*&?|(?<=[?&])t\d+[hms][^&#]*&?")


def host(url: str) -> str:
    """The host of a URL without `www.`, lower case; empty where there is none or the URL is broken."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.").removeprefix("m.")


def is_media(url: str) -> bool:
    """Whether a URL is known to lead to a recording: a media host, or a media file by its ending."""
    name = host(url)
    if any(name == known or name.endswith("." + known) for known in _MEDIA_HOSTS):
        return True
    try:
        return bool(_MEDIA_ENDING.search(urlsplit(url).path))
    except ValueError:
        return False


def youtube(video_id: str) -> str | None:
    """The URL of a YouTube video by its eleven-character id, None where it is no such id."""
    return f"https://www.youtube.com/watch?v={video_id}" if re.fullmatch(r"[\w-]{11}", video_id) else None


def at_second(url: str, stamp: Timestamp) -> str:
    """The URL that opens the recording at the stamp.

    YouTube takes `t` in seconds in the query (https://support.google.com/youtube/answer/57741), in all of its forms;
    a time already there is replaced. A page that can't be opened at a second is linked as it is.
    """
    if not any(host(url) == known or host(url).endswith("." + known) for known in _YOUTUBE_HOSTS):
        return url
    base, _, fragment = url.partition("#")
    fragment = "" if fragment.startswith("t=") else fragment
    base = _TIME_PARTS.sub("", base).rstrip("?&")
    at = f"start={stamp.start}" if "/embed/" in base else f"t={stamp.start}s"
    return f"{base}{'&' if '?' in base else '?'}{at}" + (f"#{fragment}" if fragment else "")

"""Kinds of content: what bytes really are, what a browser may show itself, and fitting names."""

import mimetypes
import re

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What is shown in a page, and what models can look at."""

AUDIO = (
    "audio/mpeg", "audio/wav", "audio/ogg", "audio/flac", "audio/mp4", "audio/webm", "audio/aac",
)  # fmt: skip
"""What a page plays."""

UNKNOWN = "application/octet-stream"

_SAME = {"image/jpg": "image/jpeg", "audio/mp3": "audio/mpeg", "audio/x-wav": "audio/wav",
         "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav", "audio/x-flac": "audio/flac",
         "audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4"}  # fmt: skip
_BEGINNINGS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("audio/wav", re.compile(rb"RIFF....WAVE", re.DOTALL)),
    ("audio/ogg", re.compile(rb"OggS")),
    ("audio/flac", re.compile(rb"fLaC")),
    ("audio/mpeg", re.compile(rb"ID3|\xff[\xfb\xf3\xf2\xfa]")),
    ("audio/aac", re.compile(rb"\xff[\xf1\xf9]")),
    ("audio/mp4", re.compile(rb"....ftyp", re.DOTALL)),
    ("audio/webm", re.compile(rb"\x1aE\xdf\xa3")),
)
_PASSED_ON = re.compile(r"(?:text/(?:plain|csv|markdown)|application/(?:pdf|json|zip|gzip))")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ENDINGS = {"text/markdown": ".md", "audio/wav": ".wav", "audio/ogg": ".ogg",
            "audio/flac": ".flac", "audio/mp4": ".m4a", "audio/webm": ".webm",
            "audio/aac": ".aac", "image/webp": ".webp"}  # fmt: skip
_LONGEST_NAME = 120


def true_kind(claimed: str, content: bytes) -> str:
    """The media type of content: a claim that a page would act on has to be borne out.

    What no page shows itself is passed on by its claim if that is harmless, else as unknown.
    """
    wanted = claimed.partition(";")[0].strip().lower()
    wanted = _SAME.get(wanted, wanted)
    if wanted.startswith(("image/", "audio/")):
        found = (kind for kind, beginning in _BEGINNINGS if beginning.match(content))
        return next((kind for kind in found if kind.split("/")[0] == wanted.split("/")[0]), UNKNOWN)
    return wanted if _PASSED_ON.fullmatch(wanted) else UNKNOWN


def is_shown(kind: str) -> bool:
    """Whether a browser may show or play it in a page; everything else is saved to disk."""
    return kind in IMAGES or kind in AUDIO


def is_text(kind: str) -> bool:
    """Whether it can be read as text."""
    return kind.startswith("text/") or kind == "application/json"


def file_name(wanted: str, kind: str) -> str:
    """A name that any disk takes, with the ending of its kind."""
    name = " ".join(_UNFIT.sub(" ", wanted.encode(errors="replace").decode()).split()).strip(". ")
    ending = _ENDINGS.get(kind) or (mimetypes.guess_extension(kind) if kind != UNKNOWN else "")
    if ending and not _has_ending(name, kind):
        name = f"{name[: _LONGEST_NAME - len(ending)] or 'file'}{ending}"
    if len(name) > _LONGEST_NAME:
        stem, dot, last = name.rpartition(".")
        last = dot + last if dot and len(last) <= 10 else ""
        name = (stem or name)[: _LONGEST_NAME - len(last)] + last
    return name or "file"


def _has_ending(name: str, kind: str) -> bool:
    guessed = mimetypes.guess_type(name)[0] or ""
    is_same = _SAME.get(guessed, guessed) == kind or name.endswith(_ENDINGS.get(kind, "\0"))
    return is_same or (kind == "text/plain" and guessed.startswith("text/"))

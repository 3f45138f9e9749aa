"""Texts of servers that are not ours, made fit to be read: no commands to a screen, no markup."""

import re

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]{0,4096}\x1b\\|\x1b."
)
_CONTROL = re.compile(
    r"[\x01-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_MARKUP = re.compile(r"</?[a-zA-Z!][^<>]{0,2000}>")


def plain(text: str) -> str:
    """The same without what steers a terminal or hides from a reader: ANSI, bidi, tags."""
    return _CONTROL.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))


def plain_line(text: str) -> str:
    """The same as one line."""
    return " ".join(plain(text).split())


def without_markup(text: str) -> str:
    """The same without HTML, for texts that describe something."""
    return _MARKUP.sub("", plain(text))

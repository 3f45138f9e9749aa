"""Finds the orders in a text as the most obedient of all models would, however they are hidden."""

import base64
import binascii
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

_ORDER = re.compile(r"!tool\s+[\w.-]+\s*(?=\{)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){12,}")
_UNSEEN = {"Cf", "Cc"}


def orders_in(text: str) -> str:
    """The text in the first reading of it that holds an order; nothing if none does."""
    for reading in _readings(text):
        for order in _ORDER.finditer(reading):
            try:
                json.JSONDecoder().raw_decode(reading[order.end() :])
            except ValueError:
                continue
            return reading[order.start() :]
    return ""


def _readings(text: str) -> Iterator[str]:
    yield text
    tags = "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) <= 0xE007E)
    yield tags
    yield "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _UNSEEN)
    yield unicodedata.normalize("NFKC", text)
    yield html.unescape(unquote(text))
    for found in _BASE64.findall(text):
        with_padding = found.rstrip("=") + "=" * (-len(found.rstrip("=")) % 4)
        try:
            yield base64.b64decode(with_padding).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    for found in _HEX.findall(text):
        yield bytes.fromhex(found).decode(errors="replace")
    yield codecs.decode(text, "rot13")
    yield text[::-1]
    yield re.sub(r"(?<=\S) (?=\S(?: |$))", "", text)

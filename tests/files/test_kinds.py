"""A file is what its bytes are, and its name fits every disk."""

import pytest

from app.files.kinds import UNKNOWN, file_name, is_shown, true_kind
from tests.files.keeping import PNG


@pytest.mark.asvs("5.2.2")
@pytest.mark.parametrize(
    ("claimed", "content", "kind"),
    [
        ("image/png", PNG, "image/png"),
        ("IMAGE/PNG; charset=x", PNG, "image/png"),
        ("image/jpeg", PNG, "image/png"),
        ("image/jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("image/png", b"<html><script>alert(1)</script>", UNKNOWN),
        ("image/svg+xml", b"<svg onload='alert(1)'/>", UNKNOWN),
        ("text/html", b"<script>alert(1)</script>", UNKNOWN),
        ("application/xhtml+xml", b"<html/>", UNKNOWN),
        ("text/xml", b"<?xml-stylesheet href='x'?>", UNKNOWN),
        ("audio/x-wav", b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        ("audio/mpeg", b"<html>", UNKNOWN),
        ("audio/mpeg", b"ID3\x04", "audio/mpeg"),
        ("text/csv; charset=utf-8", b"a,b", "text/csv"),
        ("application/pdf", b"%PDF-1.7", "application/pdf"),
        ("text/plain\r\nSet-Cookie: a=b", b"", UNKNOWN),
        ("", b"", UNKNOWN),
    ],
)
def test_a_claim_counts_only_if_the_content_bears_it_out(
    claimed: str, content: bytes, kind: str
) -> None:
    assert true_kind(claimed, content) == kind


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/plain", "application/pdf"])
def test_only_images_and_audio_are_shown(kind: str) -> None:
    assert not is_shown(kind)
    assert is_shown("image/png")
    assert is_shown("audio/ogg")


@pytest.mark.asvs("5.4.1", "5.4.2")
@pytest.mark.parametrize(
    ("wanted", "kind", "name"),
    [
        ("report", "image/png", "report.png"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("cat.html", "image/png", "cat.html.png"),
        ("notes.py", "text/plain", "notes.py"),
        ("../../etc/passwd", UNKNOWN, "etc passwd"),
        ("a\r\nb\0c", UNKNOWN, "a b c"),
        ("evil\u202egnp.exe", UNKNOWN, "evil gnp.exe"),
        ("", UNKNOWN, "file"),
        ("", "image/webp", "file.webp"),
        ("x" * 500 + ".csv", "text/csv", "x" * 116 + ".csv"),
        ("\ud800", UNKNOWN, "file"),
    ],
)
def test_names_are_harmless_and_say_the_kind(wanted: str, kind: str, name: str) -> None:
    assert file_name(wanted, kind) == name

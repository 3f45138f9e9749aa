"""Files: packed once, served in the best form, kept by browsers, and none but those."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import brotli
import pytest

from app.core.resources import Resources
from app.ui import assets
from app.ui.files import is_accepted
from tests.ui.conftest import Web

BUNDLE = next(assets.chainlit_assets().glob("index-*.js"))
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
async def client(web: Web) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(web.url, auto_decompress=False) as session:
        yield session


@pytest.fixture
def bundle_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small Chainlit, instead of one that takes half a minute to pack."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "index-a1.js").write_text("let answer = 42;\n" * 100)
    (folder / "index-a1.js.map").write_text("{}" * 1000)
    monkeypatch.setattr(assets, "chainlit_assets", lambda: folder)
    monkeypatch.setattr(assets, "PUBLIC", folder / "none")
    return folder


def test_packed_files_hold_what_the_files_hold(bundle_folder: Path, tmp_path: Path) -> None:
    assets.pack(tmp_path / "packed")
    content = (bundle_folder / "index-a1.js").read_bytes()
    packed = tmp_path / "packed" / "assets"
    assert gzip.decompress((packed / "index-a1.js.gz").read_bytes()) == content
    assert brotli.decompress((packed / "index-a1.js.br").read_bytes()) == content
    assert sorted(path.name for path in packed.iterdir()) == ["index-a1.js.br", "index-a1.js.gz"]


def test_what_is_packed_already_is_not_packed_again(bundle_folder: Path, tmp_path: Path) -> None:
    done = tmp_path / "packed" / "assets" / "index-a1.js.br"
    done.parent.mkdir(parents=True)
    done.write_bytes(b"done")
    assets.pack(tmp_path / "packed")
    assert done.read_bytes() == b"done"


async def test_the_bundle_comes_packed_as_soon_as_it_is_packed(
    client: aiohttp.ClientSession, resources: Resources
) -> None:
    (resources.settings.data / "keiko-assets").mkdir()
    path, asked = f"/assets/{BUNDLE.name}", {"Accept-Encoding": "gzip, deflate, br"}
    async with client.head(path, headers=asked) as answer:
        assert "Content-Encoding" not in answer.headers
    folder = assets.packed_folder(resources.settings.data) / "assets"
    assert folder.is_relative_to(resources.settings.data)
    folder.mkdir(parents=True)
    (folder / f"{BUNDLE.name}.gz").write_bytes(gzip.compress(b"small"))
    async with client.get(path, headers=asked) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
    (folder / f"{BUNDLE.name}.br").write_bytes(brotli.compress(b"smaller"))
    async with client.get(path, headers=asked) as answer:
        assert answer.headers["Content-Encoding"] == "br"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert brotli.decompress(await answer.read()) == b"smaller"
    async with client.head(path, headers=PLAIN) as answer:
        assert "Content-Encoding" not in answer.headers
        assert answer.content_length == BUNDLE.stat().st_size


async def test_the_bundle_is_kept_for_ever_and_asked_for_once(
    client: aiohttp.ClientSession,
) -> None:
    path = f"/assets/{BUNDLE.name}"
    async with client.head(path) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        known = {"If-None-Match": answer.headers["ETag"]}
    async with client.get(path, headers=known) as answer:
        assert answer.status == 304
        assert await answer.read() == b""
    async with client.get(path, headers={"If-None-Match": '"older"', **PLAIN}) as answer:
        assert answer.status == 200
        assert len(await answer.read()) == BUNDLE.stat().st_size


@pytest.mark.asvs("13.4.1", "13.4.3")
@pytest.mark.parametrize(
    "path",
    [
        f"/assets/{BUNDLE.name}.map",
        "/assets/%2e%2e/index.html",
        "/assets/..%2f..%2f..%2fconfig.py",
        "/assets/%00",
        "/assets/",
        "/public/..%2fpyproject.toml",
        "/public/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/public//etc/passwd",
        "/public/katex/LICENSE",
        "/public/none.svg",
    ],
)
async def test_nothing_else_is_served(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path, headers=PLAIN) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/favicon", "image/svg+xml"),
        ("/logo?theme=dark", "image/svg+xml"),
        ("/avatars/Keiko", "image/svg+xml"),
        ("/avatars/..%2f", "application/json"),
        ("/avatars/somebody", "image/svg+xml"),
        ("/public/elements/Turn.jsx", "text/jsx"),
        ("/public/elements/Question.jsx", "text/jsx"),
        ("/public/katex/katex.min.css", "text/css"),
        ("/public/katex/fonts/KaTeX_Main-Regular.woff2", "font/woff2"),
    ],
)
async def test_our_own_files_have_their_types(
    client: aiohttp.ClientSession, path: str, kind: str
) -> None:
    async with client.get(path) as answer:
        assert answer.content_type == kind


async def test_an_address_with_a_version_is_kept_for_ever_and_one_without_is_not(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get("/public/keiko/chat.css?v=1") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    async with client.get("/public/keiko/chat.css") as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["ETag"]


@pytest.mark.parametrize(
    ("header", "taken"),
    [("br", True), ("gzip, BR;q=0.5", True), ("br;q=0", False), ("gzip", False), ("", False)],
)
def test_a_coding_is_used_only_if_it_is_accepted(header: str, taken: bool) -> None:
    assert is_accepted("br", header) is taken

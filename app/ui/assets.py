"""The files that a browser loads, compressed ahead of time: once per version, never per request.

Run as a program it packs whatever is not packed yet: gzip first, which takes a moment, then
brotli, which takes half a minute for Chainlit's bundle and saves every cold page a fifth of it.
Packed files are used as soon as they are there.
"""

import fcntl
import gzip
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import brotli

from app.core.settings import settings

PUBLIC = Path(__file__).parents[2] / "public"
"""Our own files, those that anybody may see."""

CODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings, best first, with the ending that a file packed so has."""

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsx": "text/jsx; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

_FOLDER = "keiko-assets"
_COMPRESSIBLE = {".css", ".js", ".json", ".jsx", ".mjs", ".svg"}
_TOO_SMALL = 512
_UNFINISHED = ".unfinished"
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, 9, mtime=0),
    "br": lambda content: bytes(brotli.compress(content, quality=11)),
}


@cache
def chainlit_assets() -> Path:
    """The folder of Chainlit's bundle, found without importing Chainlit (which takes seconds)."""
    spec = find_spec("chainlit")
    if spec is None or spec.origin is None:
        raise RuntimeError("Chainlit is not installed; `./keiko up` installs it.")
    return Path(spec.origin).parent / "frontend" / "dist" / "assets"


@cache
def packed_folder(data: Path) -> Path:
    """Where this version's packed files lie or will lie, as `assets/…` and `public/…`.

    Beside the installed packages, so that every data folder of an installation shares them; in
    the data folder where those may not be written, or where it has such a folder of its own.
    """
    version = hashlib.sha256()
    for path in _files(chainlit_assets()):  # their names change with their content
        version.update(f"{path.name} {path.stat().st_size}\n".encode())
    for path in _files(PUBLIC):
        version.update(str(path.relative_to(PUBLIC)).encode() + path.read_bytes())
    installed = Path(sys.prefix)
    shared = os.access(installed, os.W_OK) or (installed / _FOLDER).is_dir()
    if (data / _FOLDER).is_dir():
        shared = False
    return (installed if shared else data) / _FOLDER / version.hexdigest()[:16]


def find_file(root: Path, name: str) -> Path | None:
    """The file of this name below `root`; none if it lies elsewhere or is not to be served."""
    if "\0" in name:
        return None
    try:
        path = (root / name).resolve()
        is_served = path.suffix in MEDIA_TYPES and path.is_relative_to(root.resolve())
        return path if is_served and path.is_file() else None
    except OSError:  # a name that no file can have
        return None


def pack(target: Path) -> None:
    """Pack everything into `target`, quick codings first; what lies there already is kept."""
    for coding in reversed(CODINGS):
        for root, folder in ((PUBLIC, "public"), (chainlit_assets(), "assets")):
            for path in sorted(_files(root), key=lambda path: path.stat().st_size):
                packed = target / folder / f"{path.relative_to(root)}{CODINGS[coding]}"
                _pack_file(path, packed, _COMPRESS[coding])


def _files(root: Path) -> Iterator[Path]:
    paths = sorted(root.rglob("*"))
    return (p for p in paths if p.suffix in _COMPRESSIBLE and p.stat().st_size >= _TOO_SMALL)


def _pack_file(path: Path, packed: Path, compress: Callable[[bytes], bytes]) -> None:
    if packed.exists():
        return
    packed.parent.mkdir(parents=True, exist_ok=True)
    unfinished = packed.with_name(f"{packed.name}.{os.getpid()}{_UNFINISHED}")
    unfinished.write_bytes(compress(path.read_bytes()))
    unfinished.replace(packed)


def main() -> None:
    """Pack this version's files, unless another is at it; drop old ones and broken attempts."""
    os.nice(19)
    target = packed_folder(settings().data)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "busy").open("a") as busy:
        try:
            fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        pack(target)
        _tidy(target)


def _tidy(target: Path) -> None:
    for attempt in target.rglob(f"*{_UNFINISHED}"):
        attempt.unlink(missing_ok=True)
    for other in target.parent.iterdir():
        if other != target and other.is_dir():
            shutil.rmtree(other, ignore_errors=True)


if __name__ == "__main__":
    main()

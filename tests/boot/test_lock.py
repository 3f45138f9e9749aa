"""The locks hold exact, hashed versions, name no place on the network, and fit pyproject.toml."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
RUNTIME = PROJECT["dependencies"]
ENTRY = re.compile(
    r"^([a-z0-9._-]+)==([^\s;\\]+)(.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)*)", re.MULTILINE
)


def entries(name: str) -> list[tuple[str, str, str]]:
    return ENTRY.findall((ROOT / "requirements" / f"{name}.lock").read_text())


def pins(name: str) -> dict[str, str]:
    return {package: version for package, version, _ in entries(name)}


@pytest.mark.asvs("15.1.2")
@pytest.mark.parametrize("name", ["build", "runtime", "test"])
def test_a_lock_has_hashes_for_everything_and_addresses_for_nothing(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    assert all("--hash=sha256:" in rest for *_, rest in entries(name))
    assert not re.search(r"://|--index|--extra-index|--find-links|@ ", text)


@pytest.mark.parametrize(
    ("name", "wanted"), [("runtime", RUNTIME), ("test", RUNTIME + EXTRAS["test"] + EXTRAS["dev"])]
)
def test_a_lock_fits_what_pyproject_asks_for(name: str, wanted: list[str]) -> None:
    pinned = pins(name)
    for requirement in map(Requirement, wanted):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_tests_run_with_the_versions_that_users_get() -> None:
    assert pins("runtime").items() <= pins("test").items()


def project_files() -> Iterator[Path]:
    """What people wrote or chose, and not what `.gitignore` says that tools and runs leave."""
    ignored = {name.strip("/") for name in (ROOT / ".gitignore").read_text().split()}
    left_out = ignored | {".git"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in left_out]
        yield from (Path(folder) / name for name in names if name not in left_out)


def test_the_files_of_the_project_are_found() -> None:
    names = {str(path.relative_to(ROOT)) for path in project_files()}
    assert {"keiko", "pyproject.toml", "app/web.py", "requirements/test.lock"} <= names
    assert not [name for name in names if name.startswith((".git/", ".venv/", "data/"))]


def test_no_file_names_a_package_registry() -> None:
    """Whoever runs Keiko says by pip's and npm's own settings where packages come from."""
    names = re.compile(rb"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|registry[.]yarnpkg")
    named = [path for path in project_files() if names.search(path.read_bytes())]
    assert [str(path.relative_to(ROOT)) for path in named] == []

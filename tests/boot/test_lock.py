"""The locks hold exact, hashed versions, name no place on the network, and fit pyproject.toml."""

import re
import shutil
import subprocess
import tomllib
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


def test_no_file_names_a_package_registry() -> None:
    """Whoever runs Keiko says by pip's and npm's own settings where packages come from."""
    names = r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|registry[.]yarnpkg"
    git = shutil.which("git") or pytest.skip("no git here")
    found = subprocess.run(
        [git, "grep", "-lIE", names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if found.returncode == 128:
        pytest.skip("no clone that this user may read")
    assert found.stdout.splitlines() == []

"""`./keiko` itself: found from anywhere, and one sentence where it cannot go on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__

ROOT = Path(__file__).parents[2]


def keiko(
    *arguments: str, start: Path = ROOT / "keiko", cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script with a plain environment."""
    return subprocess.run(
        [str(start), *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "LC_ALL": "C", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """An environment as `./keiko` leaves it: a Python and the stamps."""
    venv = tmp_path / "Käse und Brot"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for name in ("runtime", "test"):
        shutil.copy(ROOT / "requirements" / f"{name}.lock", venv / f"keiko-{name}.lock")
    return venv


def test_a_prepared_clone_starts_at_once_from_anywhere(prepared: Path, tmp_path: Path) -> None:
    link = tmp_path / "keiko"
    link.symlink_to(ROOT / "keiko")
    done = keiko("--version", start=link, cwd=tmp_path, KEIKO_VENV=str(prepared), CDPATH="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == f"keiko, version {__version__}"


def test_arguments_arrive_unchanged(prepared: Path) -> None:
    done = keiko("users", "ü ö", "b  c", KEIKO_VENV=str(prepared))
    assert done.returncode == 2
    assert "No such command 'ü ö'" in done.stderr


def test_an_unsuitable_python_is_refused_with_a_sentence(tmp_path: Path) -> None:
    venv = str(tmp_path / "venv")
    done = keiko("up", KEIKO_VENV=venv, KEIKO_PYTHON="/bin/false")
    assert done.returncode == 1
    assert "KEIKO_PYTHON=/bin/false is no Python 3.11, 3.12 or 3.13" in done.stderr


def test_a_machine_without_python_is_told_how_to_get_one(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "readlink", "cmp", "mkdir"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    done = keiko("up", KEIKO_VENV=str(tmp_path / "venv"), PATH=str(tools))
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13; found: none" in done.stderr
    assert "sudo apt-get install python3" in done.stderr


def test_a_folder_that_cannot_hold_the_environment_is_named_with_the_remedy() -> None:
    done = keiko("up", KEIKO_VENV="/dev/null/venv")
    assert done.returncode == 1
    assert "cannot write to /dev/null/venv. Set KEIKO_VENV" in done.stderr


def test_a_python_without_pip_takes_the_distributions_or_says_what_to_install(
    tmp_path: Path,
) -> None:
    tools, asked = tmp_path / "bin", tmp_path / "asked"
    tools.mkdir()
    for name in ("sh", "readlink", "cmp", "mkdir", "rm"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    programs = {
        "python3": 'case "$*" in *ensurepip* | *"-m pip"*) exit 1 ;; esac\nexec "$PYTHON" "$@"',
        "apt-get": 'printf "%s\\n" "$*" >>"$ASKED"; case $1 in download) exit 1 ;; esac',
        "dpkg-deb": "exit 1",
    }
    for name, program in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{program}\n")
        (tools / name).chmod(0o755)
    done = keiko(
        "up",
        KEIKO_VENV=str(tmp_path / "venv"),
        PATH=str(tools),
        PYTHON=sys.executable,
        ASKED=str(asked),
    )
    assert done.returncode == 1
    assert "fetching the distribution's (python3-pip-whl)" in done.stderr
    assert "has no pip and cannot make one. Install it: sudo apt-get install python3" in done.stderr
    plain, renewed, again = asked.read_text().splitlines()
    assert plain == "download python3-pip-whl"
    own_lists = f"Dir::State::lists={tmp_path / 'venv' / 'keiko-pip' / 'lists'}"
    assert own_lists in renewed
    assert renewed.endswith(" update")
    assert own_lists in again
    assert again.endswith(" download python3-pip-whl")

"""What is written carries no secret: the watch over all tests sees it, and processes keep to it."""

import secrets
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.sealed import Place, Sealer
from tests.canaries import (
    FORMS,
    leaks,
    must_be_clean,
    must_hold_no_secret,
    plant,
    plant_secret,
)
from tests.product import COMMANDS, PASSWORD, Product

ROOT = Path(__file__).parents[2]
SECRET = "The green key lies under the third stone."

LEAKING = """
from app.core.sealed import Place, Sealer
from uuid import uuid4

def test_that_leaks():
    text = "The green key lies under the third stone."
    Sealer([bytes(32)]).seal({"a": [text]}, Place("t", "c", uuid4()))
    print("about to store: " + text)
"""


def test_what_was_sealed_is_found_wherever_it_is_written() -> None:
    Sealer([secrets.token_bytes(32)]).seal({"a": [SECRET]}, Place("t", "c", uuid4()))
    assert list(leaks(f'{{"event": "stored", "text": "{SECRET}"}}'))
    with pytest.raises(AssertionError, match="web.log"):
        must_be_clean("web.log", f"something {SECRET} something")
    must_be_clean("web.log", "nothing of it")


@pytest.mark.parametrize(
    "written",
    [
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "cookie: __Host-keiko_session=abcdefghijklmnopqrstuvwxyz",
        "hash $argon2id$v=19$m=19456",
        "-----BEGIN EC PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
    ],
)
def test_what_looks_like_a_secret_is_found_whoever_made_it(written: str) -> None:
    assert FORMS.search(written)


def test_a_test_that_writes_a_secret_fails(tmp_path: Path) -> None:
    """The watch over the whole run, tried on a test that leaks."""
    (tmp_path / "test_leak.py").write_text(LEAKING)
    (tmp_path / "conftest.py").write_text(
        "from tests import canaries\n\ndef pytest_configure(config):\n"
        "    canaries.watch()\n    config.pluginmanager.register(canaries)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null",
         "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "wrote what must not be written" in done.stdout


@pytest.mark.asvs("14.2.4", "16.2.5")
def test_what_was_written_so_far_carries_no_secret(product: Product) -> None:
    """A whole Keiko is signed in to, talked to, and asked for nonsense; its logs are silent."""
    said = "My account number is DE89370400440532013000, tell nobody."
    plant(said)
    plant(PASSWORD)
    with product.client() as client:
        client.post("/api/v1/threads", json={"text": said})
        client.post(
            "/api/v1/threads",
            content=f'{{"text": "{said}"',
            headers={"Content-Type": "application/json"},
        )
        client.get("/api/v1/threads", params={"search": said})
        client.post("/api/v1/memories", json={"text": said})
        client.post("/auth/login", json={"username": "ada", "password": said})
        client.get(f"/nowhere/{PASSWORD}")
        token = client.cookies["keiko_session"]
    plant(token)
    written = "\n".join(path.read_text() for path in (product.data / "logs").glob("*.log"))
    assert "process_started" in written
    must_be_clean("the logs", written + product.output)
    plant_secret(PASSWORD)
    told = "\n".join(path.read_text(errors="replace") for path in product.data.glob(COMMANDS))
    assert "session:" in told
    must_hold_no_secret("Valkey", told)
    with pytest.raises(AssertionError, match="Valkey holds a secret"):
        must_hold_no_secret("Valkey", told + token)

"""Chainlit without the package that it wants and does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.ui.traceloop import Traceloop

ROOT = Path(__file__).parents[2]

IMPORTS = """
import importlib.metadata, sys
import app.ui.chat_app
import literalai.client
names = {d.metadata["Name"] for d in importlib.metadata.distributions()}
assert "traceloop-sdk" not in names
assert literalai.client.Traceloop is app.ui.traceloop.Traceloop
assert not {m for m in sys.modules if m.split(".")[0] in ("langgraph", "langchain", "arq")}
"""


def test_chainlit_is_imported_with_the_stand_in_and_without_langgraph(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "CHAINLIT_APP_ROOT": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.asvs("14.2.3")
def test_the_stand_in_does_nothing_and_refuses_to_begin() -> None:
    Traceloop.set_association_properties({"thread": "1"})
    with pytest.raises(RuntimeError, match="LITERAL_API_KEY"):
        Traceloop.init()

"""Serves the minimal app as `chainlit run` does: `python -m tests.bench.serve_chainlit PORT`."""

import runpy
import sys
from pathlib import Path

from app.ui.traceloop import install

if __name__ == "__main__":
    install()  # Keiko's environment has no traceloop-sdk, without which Chainlit does not import
    target = Path(__file__).with_name("minimal_chainlit.py")
    address = ["--host", "127.0.0.1", "--port", sys.argv[1]]
    sys.argv = ["chainlit", "run", str(target), "--headless", *address]
    runpy.run_module("chainlit", run_name="__main__")

"""Stands in for `traceloop.sdk`, which literalai imports and Chainlit imports literalai.

The real package brings 56 others and 35 MB per process for a service that we do not use; why it
is left out, and what to look at before an upgrade: `docs/decisions/0002-without-traceloop.md`.
Must be in place before anything imports Chainlit, so `app/ui/__init__.py` does it.
"""

import sys
from types import ModuleType


class Traceloop:
    """All that literalai asks for while it is not connected to its service."""

    @staticmethod
    def set_association_properties(properties: dict[str, object]) -> None:
        """Note what a span belongs to: nowhere, for there are no spans."""

    @staticmethod
    def init(**_: object) -> None:
        """Begin to trace. literalai does so only with an API key, which we never set."""
        raise RuntimeError("Literal AI is not part of Keiko; unset LITERAL_API_KEY.")


def install() -> None:
    """Let `from traceloop.sdk import Traceloop` find this class, unless the real one is there."""
    if "traceloop.sdk" in sys.modules:
        return
    package, sdk = ModuleType("traceloop"), ModuleType("traceloop.sdk")
    vars(sdk)["Traceloop"] = Traceloop
    vars(package)["sdk"] = sdk
    package.__path__ = []
    sys.modules["traceloop"], sys.modules["traceloop.sdk"] = package, sdk

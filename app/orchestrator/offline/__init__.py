"""The built-in model: fixed rules instead of a neural network, so that Keiko works anywhere."""

from app.orchestrator.offline.model import OfflineModel

__all__ = ["OfflineModel"]

"""`keiko up`: everything on one machine, started in order, kept running, ended in order."""

from app.launcher.up import up

__all__ = ["up"]

"""From where somebody asks."""

from dataclasses import dataclass

from app.users.known_browsers import KnownBrowser


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where a session lives: what its owner is shown to recognise it."""

    user_agent: str = ""
    address: str = ""
    known: KnownBrowser | None = None
    """Who came in here before, if anybody did."""

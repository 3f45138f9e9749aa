"""The chat face, tested through its socket and its pages."""

import app.ui  # noqa: F401 - before anything imports Chainlit

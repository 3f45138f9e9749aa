"""The Model Context Protocol as a client; every use of its SDK stands here."""

"""Keiko: the assistant that never loses your work."""

__version__ = "0.1.0"

"""The whole walk in a real browser, against a real Keiko with a scripted model."""

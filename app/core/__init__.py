"""Ground: settings, database, Redis, errors and the clock; knows nothing of assistants."""

"""Whatever dies, an accepted message is answered: real processes, really killed."""

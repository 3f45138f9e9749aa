"""Everything that proves what Keiko promises."""

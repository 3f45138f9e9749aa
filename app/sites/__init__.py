"""Sites that show Keiko in a frame: their keys, their visitors, and what these may use."""

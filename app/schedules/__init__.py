"""What begins when: once, by the clock, by a rule."""

"""What other programs are told of events."""

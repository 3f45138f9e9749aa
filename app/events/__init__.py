"""What happened: typed events, stored with the change that caused them."""

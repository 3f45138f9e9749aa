"""What reads events and acts on them."""

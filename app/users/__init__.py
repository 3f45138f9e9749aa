"""Who you are: accounts, passwords, sessions."""

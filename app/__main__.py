"""`python -m app`: what `./keiko` hands every command to."""

from app.cli.operate import main

main()

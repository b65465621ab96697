"""`python -m occopus` is the `occopus` command."""

from occopus.cli.main import main

main()

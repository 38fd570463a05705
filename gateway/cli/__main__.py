"""``python -m gateway.cli``."""

from gateway.cli.app import main

main()

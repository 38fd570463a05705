"""The command ``supercity``: starts the city and its parts, and works a running one as staff do.

:mod:`~gateway.cli.app` puts the commands together, :mod:`~gateway.cli.processes` starts things; all
other modules, one for each group of commands, only speak to a running city through its open API.
"""

from gateway.cli.app import app, main

__all__ = ["app", "main"]

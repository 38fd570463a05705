"""``supercity policy``: a city's policy as one file, compared with the running city and applied.

:mod:`~gateway.cli.policy.document` is what the file says, :mod:`~gateway.cli.policy.source` reads
it with the place of everything in it, :mod:`~gateway.cli.policy.running` asks the city,
:mod:`~gateway.cli.policy.diff` compares, :mod:`~gateway.cli.policy.applying` does what is missing.
All of it goes over the open API, with the scopes of whoever runs it, and into the audit log.
"""

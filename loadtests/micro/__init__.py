"""What a request costs the core's own code, stage by stage: no sockets, no kernel.

``python -m loadtests.micro`` prints the table of ``gateway/core/README.md``.
"""

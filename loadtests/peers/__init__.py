"""The routing core beside nginx, HAProxy and Envoy: same work, same upstream, same machine.

``python -m loadtests.peers`` runs it; ``loadtests/README.md`` says how to read it.
"""

"""Checks of ``deploy/``; ``python -m tests.deploy`` runs them (``make check`` calls it)."""

"""The data plane: one HTTP/1.1 reverse proxy that runs on a policy snapshot alone.

Read :mod:`gateway.core.pipeline` first: it is a request's way, as a list. ``README.md`` beside it
says what each file is.
"""

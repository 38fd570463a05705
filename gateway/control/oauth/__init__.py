"""The OAuth 2.1 authorization server, on Authlib; each module names the RFC it does.

Authlib has no asynchronous server, so every endpoint goes in three steps: *prefetch* (one reading
transaction fills an :class:`~gateway.control.oauth.exchange.Exchange`), *decide* (Authlib, no
input or output), *commit* (one writing transaction that first consumes what may be used once).
"""

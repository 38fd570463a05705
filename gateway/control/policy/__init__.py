"""The policy compiler: OpenAPI documents in, one immutable snapshot out.

:mod:`~gateway.control.policy.document` reads a document, :mod:`~gateway.control.policy.paths` and
:mod:`~gateway.control.policy.operations` judge its parts, :mod:`~gateway.control.policy.territory`
says what an API may call its own, :mod:`~gateway.control.policy.compiler` puts them together, and
:mod:`~gateway.control.policy.publisher` serves the result. All but the last are pure.
"""

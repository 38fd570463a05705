"""Small tools that every attached API shares, because the parts may not import one another.

:mod:`~schemas.kit.app` (a FastAPI application that follows the platform's conventions),
:mod:`~schemas.kit.client` (the open API as seen by a party), :mod:`~schemas.kit.store` (an SQL
store by URL) and :mod:`~schemas.kit.outbox` (said once, delivered at least once).
"""

"""JSON-LD contexts: the core one, those that requests bring, those that are fetched and hosted.

``core.py``      the core context as a table, and its URLs
``process.py``   a context and the documents it names, to a compiled :class:`~..jsonld.Context`
``fetch.py``     a remote context by HTTP: bounded, guarded, with its lifetime
``documents.py`` remote contexts kept: in memory and in the table, good and bad ones
``stored.py``    the table: hosted, implicitly created and cached contexts (§5.13)
``contexts.py``  what requests ask: the Context of an ``@context``
"""

"""The developers' portal, ``/developers``."""

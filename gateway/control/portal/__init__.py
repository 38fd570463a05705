"""The developer portal, ``/developers``: what the city offers, and how to use it."""

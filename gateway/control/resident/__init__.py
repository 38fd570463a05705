"""The resident's own page, ``/my``: what is shared, with whom, until when; and ending it."""

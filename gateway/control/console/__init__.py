"""The operators' console, ``/console``: the city as it is now, and what can be done about it."""

"""The operators' API under ``/control/v1``; everything a console or the command line does."""

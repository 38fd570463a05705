"""Consent: asked for item by item, kept with the words shown, carried by tokens, ended at will."""

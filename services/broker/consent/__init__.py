"""Residents' consents in the broker: who may be handed what, at this moment, and no longer."""

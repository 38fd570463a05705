"""Subscriptions: who wants to hear of which entities, and how they are told (GS CIM 009 §5.8)."""

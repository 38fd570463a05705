"""Webhooks: events brought to subscribers, signed, until they are taken."""

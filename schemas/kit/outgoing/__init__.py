"""Calls to addresses that others chose: guarded, bounded, signed, retried by one set of rules."""

"""Mobility: public transport from GTFS Schedule and GTFS Realtime."""

"""The sample city's feeds, in the real formats, at any moment.

Buses run by the timetable; each run has a delay of its own (a function of its trip and day, so the
same moment is always the same city), a few are cancelled.
"""

from connectors.mobility.sample.realtime import service_alerts, trip_updates, vehicle_positions
from connectors.mobility.sample.timetable import gtfs

__all__ = ["gtfs", "service_alerts", "trip_updates", "vehicle_positions"]

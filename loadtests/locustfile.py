"""Every load scenario, for ``locust --locustfile loadtests/locustfile.py <Name>``.

``make load`` runs ``SteadyDay`` for 30 seconds; ``loadtests/scenarios`` has them all.
"""

from loadtests.scenarios.steady_day import SteadyDay

__all__ = ["SteadyDay"]

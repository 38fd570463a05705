"""Load: Locust scenarios, and the routing core beside its peers."""

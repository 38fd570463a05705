"""The gateways' workers: who they are, by their own reports, and who of them is to drain."""

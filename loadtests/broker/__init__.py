"""What the broker does in a second, and what bounds it: ``python -m loadtests.broker``."""

"""The administration domain: municipal open data, statistics, and procedures residents file."""

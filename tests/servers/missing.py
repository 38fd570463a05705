"""The one error of this package: something is not installed."""

from __future__ import annotations


class Missing(RuntimeError):
    """A program is not installed; says which Debian package brings it."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"missing: {package}. Run `python -m tests.servers setup` as root, or "
            f"`sudo apt-get install {package}`; or name a running server "
            "(SUPERCITY_TEST_KAFKA_URL, SUPERCITY_TEST_POSTGRES_URL, SUPERCITY_TEST_REDIS_URL)"
        )
        self.package = package

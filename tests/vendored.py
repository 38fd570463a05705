"""``python -m tests.vendored``: take the scripts and styles of others that the pages use anew.

They lie in ``gateway/control/pages/assets/vendor`` as their authors published them, so that a city
without a way out serves them itself. ``vendored.json`` there is the lock: package, version, the
registry's checksum of the package, and of each file where it is in the package and its SHA-256.
``python -m tests.vendored NAME VERSION`` moves one package to another version. Needs npm.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[1] / "gateway" / "control" / "pages" / "assets" / "vendor"
LOCK: Final = FOLDER / "vendored.json"


def read_lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(LOCK.read_text())
    return found


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def take(lock: dict[str, Any]) -> None:
    """Fetch every package, hold it to its checksum, and copy its files."""
    for name, package in lock.items():
        with tempfile.TemporaryDirectory() as folder:
            archive = _fetch(Path(folder), f"{name}@{package['version']}")
            integrity = _integrity(archive.read_bytes())
            if package.setdefault("integrity", integrity) != integrity:
                sys.exit(f"{name} {package['version']} is not the package that the lock names")
            with tarfile.open(archive) as packed:
                for file, source in package["files"].items():
                    member = packed.extractfile(f"package/{source['path']}")
                    body = member.read() if member else b""
                    (FOLDER / file).write_bytes(body)
                    source["sha256"] = sha256(body)
    LOCK.write_text(json.dumps(lock, indent=2) + "\n")


def _fetch(folder: Path, what: str) -> Path:
    subprocess.run(["npm", "pack", "--silent", what], cwd=folder, check=True, stdout=sys.stderr)
    return next(folder.glob("*.tgz"))


def _integrity(archive: bytes) -> str:
    """As registries write it (W3C Subresource Integrity)."""
    return f"sha512-{base64.b64encode(hashlib.sha512(archive).digest()).decode()}"


def main() -> None:
    lock = read_lock()
    if sys.argv[1:]:
        name, version = sys.argv[1:]
        lock[name] = {"version": version, "files": lock[name]["files"]}
    take(lock)


if __name__ == "__main__":
    main()

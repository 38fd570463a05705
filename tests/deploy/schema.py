"""Is each resource what Kubernetes and Strimzi would accept?

Kubernetes' own kinds are checked against its published schemas, strictly: a misspelt member is an
error. ``strimzi.yaml`` holds the schemas of the Strimzi kinds used here, no wider than their use.
A kind that neither knows is an error too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import yaml

from tests.deploy.manifests import Resource, name

KUBERNETES: Final = "1.37"


def violations(resource: Resource) -> Iterator[str]:
    """What is wrong with one resource, in words; nothing when it is valid."""
    try:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        yield from _custom(resource)
    except kubernetes_validate.ValidationError as error:
        yield f"{name(resource)}: {error.json_path}: {error.message}"


def _custom(resource: Resource) -> Iterator[str]:
    schema = _strimzi().get(f"{resource['apiVersion']}/{resource['kind']}")
    if schema is None:
        yield f"{name(resource)}: {resource['apiVersion']} {resource['kind']} is not a known kind"
        return
    for error in jsonschema.Draft202012Validator(schema).iter_errors(resource):
        yield f"{name(resource)}: {error.json_path}: {error.message}"


@cache
def _strimzi() -> dict[str, Any]:
    text = Path(__file__).with_name("strimzi.yaml").read_text()
    schemas: dict[str, Any] = yaml.safe_load(text)
    return schemas

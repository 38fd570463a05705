"""``python -m tests.deploy``: check every kustomization; ``… topics``: write the topics anew."""

from __future__ import annotations

import sys

from tests.deploy import topics
from tests.deploy.manifests import FOLDERS, ROOT, City, build
from tests.deploy.rules import RULES
from tests.deploy.schema import violations


def check() -> int:
    """Print what is wrong, by kustomization; return how much."""
    wrong = topics.outdated()
    for folder in FOLDERS:
        city = City(build(folder))
        found = [v for resource in city.resources for v in violations(resource)]
        found += [v for rule in RULES for v in rule(city)]
        where = folder.relative_to(ROOT)
        print(f"{where}: {len(city.resources)} resources, {len(found)} violations")  # noqa: T201
        wrong += [f"{where}: {each}" for each in found]
    for each in wrong:
        print(each, file=sys.stderr)  # noqa: T201
    return len(wrong)


if __name__ == "__main__":
    if sys.argv[1:] == ["topics"]:
        topics.write()
    else:
        sys.exit(1 if check() else 0)

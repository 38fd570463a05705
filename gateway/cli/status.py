"""``supercity status``."""

from __future__ import annotations

from gateway.cli.calling import AsJson, call, show


def status(as_json: AsJson = False) -> None:
    """What is attached, and in which state."""
    apis = call("GET", "/control/v1/apis")
    lines = []
    for api in apis:
        lines.append(f"{api['name']:24}{api['state']:12}{len(api['routes']):4} routes")
        lines += [f"  {one['where'] or '/'}: {one['what']}" for one in api["findings"]]
        lines += [f"  {api['error']}"] if api["error"] else []
    show(apis, as_json, "\n".join(lines) or "Nothing is attached.")

"""What the law allows with a data set (個人情報保護法), by the kind of client that asks.

| class | who |
|---|---|
| personal 個人情報 | under the resident's consent; without, to read, the city and its holder |
| pseudonymised 仮名加工情報 | the city and its data holders; never a third party (Art. 41 (6)) |
| person-related 個人関連情報 | under consent, else the city and its data holders (Art. 31) |
| anonymised 匿名加工情報, open | a scope is enough |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gateway.core.reply import Refused, reply

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange

INSIDE: Final = frozenset(("data-holder", "operator", "internal"))
"""Classes of clients that are the city itself, or the office that holds the data."""
_JAPANESE: Final = {
    "personal": "個人情報",
    "pseudonymised": "仮名加工情報",
    "person-related": "個人関連情報",
}
PUBLISHABLE: Final = frozenset(("open", "anonymised"))
"""Classes that may be read by anybody in an emergency."""


def is_inside_only(legal_class: str, access: str, method: str) -> bool:
    """Whether the law lets only :data:`INSIDE` have a route."""
    if legal_class == "personal":
        return access == "scoped" and method == "GET"
    if legal_class == "person-related":
        return access == "scoped"
    return legal_class == "pseudonymised" and access != "open"


def inside_only(dataset: str, legal_class: str) -> Callable[[Core, Exchange], None]:
    """The step of a route on which :func:`is_inside_only` holds."""
    refusal = reply(
        403, "legal-class", "The law does not allow this",
        f"The data set `{dataset}` is {legal_class} ({_JAPANESE[legal_class]}). "
        "It is not given to clients of this kind here"
        + (": to no third party at all." if legal_class == "pseudonymised" else
           " without the resident's consent."),
    )  # fmt: skip

    def allow_by_law(core: Core, exchange: Exchange) -> None:
        if exchange.grant.client.kind not in INSIDE:
            raise Refused(refusal)

    return allow_by_law

"""Policies for tests: written by hand, and by Hypothesis."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from gateway.cli.policy.document import Api, Client, Linkage, Person, Policy, Rate

GOOD: Final = """\
version: 1
apis:
  bikes:
    document_url: http://127.0.0.1:9100/openapi.json
    upstream: [http://127.0.0.1:9100, http://127.0.0.1:9101]
clients:
  maps:
    name: まちの地図
    client_class: service
    scopes: [mobility:read, disaster:read]
    rate: {requests: 100, seconds: 10}
    secret: {env: MAPS_SECRET}
  clinic:
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [https://clinic.example/cb]
    scopes: [openid, medical:records]
    purposes: [care]
    consent_notices: https://clinic.example/ended
staff:
  sato: {name: 佐藤, roles: [operator]}
linkage:
  most_domains: 1
  watched: [[payments, medical]]
"""

_names = st.from_regex(r"[a-z]{3,6}", fullmatch=True)
_scopes = st.sampled_from(["mobility:read", "disaster:read", "bikes:ride", "openid"])
_texts = st.sampled_from(["", "no", "off", "1", "1.5", "null", "~", "a: b", "#x", "山 田", "'"])
_urls = st.sampled_from(["https://a.example/cb", "http://127.0.0.1/cb", "com.example.app:/cb"])

_apis = st.builds(
    Api,
    document_url=st.sampled_from(["http://a:9000/openapi.json", "http://b/openapi.json"]),
    upstream=st.lists(st.sampled_from(["http://a:9000", "http://b", "http://c:1"]), max_size=2),
)


def _client(coded: bool, redirect_uris: list[str], **more: Any) -> Client:
    grant_types = ["authorization_code"] if coded else ["client_credentials"]
    uris = redirect_uris if coded else []
    return Client.model_validate({**more, "grant_types": grant_types, "redirect_uris": uris})


_clients = st.builds(
    _client,
    coded=st.booleans(),
    name=_texts,
    client_class=st.sampled_from(["partner", "service", "data-holder"]),
    scopes=st.lists(_scopes, max_size=3),
    redirect_uris=st.lists(_urls, min_size=1, max_size=2),
    rate=st.builds(Rate, requests=st.integers(1, 9), seconds=st.integers(1, 9)),
    quota=st.integers(0, 3),
    purposes=st.permutations(["care", "service-provision"]),
    organisation=_texts,
    suspended=st.booleans(),
)
_people = st.builds(
    Person,
    name=_texts,
    roles=st.sampled_from([["operator"], ["auditor"], ["developer", "operator"]]),
    suspended=st.booleans(),
)
_limits = st.builds(
    Linkage,
    most_domains=st.integers(1, 3),
    watched=st.lists(st.lists(st.sampled_from(["medical", "mobility", "payments"]), min_size=1)),
)

policies = st.builds(
    Policy,
    apis=st.dictionaries(_names, _apis, max_size=2),
    clients=st.dictionaries(_names, _clients, max_size=2),
    staff=st.dictionaries(_names, _people, max_size=2),
    linkage=_limits,
)
"""Whole ones: no section is left out."""

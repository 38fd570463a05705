"""OAuth scopes of the open API: ``<area>:<action>`` (RFC 6749 §3.3).

Attached APIs bring scopes of their own in their OpenAPI documents; these are the platform's.
"""

from __future__ import annotations

import re
from typing import Final

SCOPE_PATTERN: Final = re.compile(r"[a-z][a-z0-9-]{0,39}:[a-z][a-z0-9-]{0,39}")
"""Narrower than RFC 6749's ``scope-token``, so that a scope can stand in a URL, a label, a log."""

OPENID: Final = "openid"
PROFILE: Final = "profile"
IDENTITY: Final = frozenset((OPENID, PROFILE))
"""OpenID Connect's own (Core 1.0 §5.4): who a resident is, asked by the client they sign in to."""

ENTITIES_READ: Final = "entities:read"
ENTITIES_WRITE: Final = "entities:write"
ENTITIES_PERSONAL: Final = "entities:personal"
EVENTS_READ: Final = "events:read"
EVENTS_PUBLISH: Final = "events:publish"
EVENTS_PUBLISH_CITY: Final = "events:publish-city"
EVENTS_REGISTER: Final = "events:register"
EVENTS_PERSONAL: Final = "events:personal"

CONSENTS_READ: Final = "consents:read"
CONSENTS_WITHDRAW: Final = "consents:withdraw"

AUDIT_READ: Final = "audit:read"

TRAIL_READ: Final = "trail:read"

DEVELOPER_CLIENTS: Final = "developer:clients"

OPERATOR_APIS: Final = "operator:apis"
OPERATOR_CLIENTS: Final = "operator:clients"
OPERATOR_KEYS: Final = "operator:keys"
OPERATOR_CACHE: Final = "operator:cache"
OPERATOR_EVENTS: Final = "operator:events"
OPERATOR_EMERGENCY: Final = "operator:emergency"
OPERATOR_STAFF: Final = "operator:staff"
OPERATOR_RESIDENTS: Final = "operator:residents"
OPERATOR_DISCLOSE: Final = "operator:disclose"
OPERATOR_OBJECTIONS: Final = "operator:objections"
OPERATOR_METRICS: Final = "operator:metrics"
OPERATOR_GATEWAYS: Final = "operator:gateways"

DESCRIPTIONS: Final = {
    OPENID: "Know that you have signed in, under a number that no other app has",
    PROFILE: "Know your name",
    ENTITIES_READ: "Read context entities that are not about a person",
    ENTITIES_WRITE: "Create, change and delete context entities",
    ENTITIES_PERSONAL: "Read context entities about persons (granted by an operator only)",
    EVENTS_READ: "Receive events that are not about a person",
    EVENTS_PUBLISH: "Publish events of one's own types",
    EVENTS_PUBLISH_CITY: "Publish events of the city's own types (granted by an operator only)",
    EVENTS_REGISTER: "Register event types of one's own, and their schemas",
    EVENTS_PERSONAL: "Receive events about persons (granted by an operator only)",
    CONSENTS_READ: "See what the resident has agreed to with the app, and get the receipts",
    CONSENTS_WITHDRAW: "End consents that the resident has given to the app",
    AUDIT_READ: "Read the audit log (for auditors; it opens nothing else)",
    TRAIL_READ: "Read who used the resident's data",
    DEVELOPER_CLIENTS: "Make and change one's own applications (for developers who have signed in)",
    OPERATOR_APIS: "Attach, change and detach APIs",
    OPERATOR_CLIENTS: "Register, approve and suspend clients",
    OPERATOR_KEYS: "Rotate signing keys",
    OPERATOR_CACHE: "Have the gateways forget the answers that they keep",
    OPERATOR_EVENTS: "Look at and replay the events that anybody's consumers gave up",
    OPERATOR_EMERGENCY: "Declare and end an emergency",
    OPERATOR_RESIDENTS: "Help residents at the counter: recovery codes, identity levels",
    OPERATOR_STAFF: "Invite, change and suspend the people who run the city",
    OPERATOR_DISCLOSE: "Read a resident's data without consent, in an emergency",
    OPERATOR_OBJECTIONS: "Read and answer what residents object to",
    OPERATOR_METRICS: "See how the city is doing: traffic, errors, backlogs, what to act on",
    OPERATOR_GATEWAYS: "Look at the gateways' workers, and have them drain",
}


def parse(text: str) -> frozenset[str]:
    """The scopes in a space-separated ``scope`` value; order and repetition do not matter."""
    return frozenset(text.split())


def is_valid(scope: str) -> bool:
    return SCOPE_PATTERN.fullmatch(scope) is not None


def may_be_asked_for(scope: str) -> bool:
    """Whether a client can be registered for it: an API's, or one of OpenID Connect's."""
    return scope in IDENTITY or is_valid(scope)

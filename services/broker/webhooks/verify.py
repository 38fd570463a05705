"""Whether a URL's owner wants what will be sent there, asked before the first message.

Two ways, both proving that who answers there expects this: a signed challenge to be echoed, which
shows that the subscriber has the secret in use; or the handshake of CloudEvents' "HTTP 1.1 Web
Hooks" (§4, abuse protection), which any receiver of CloudEvents may know already.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

import orjson

from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.schedule import Answer
from schemas.kit.outgoing.sender import Sender
from schemas.ngsild import timestamp
from schemas.problem import Fault, Unprocessable
from services.broker.webhooks.target import Targets
from services.broker.webhooks.webhook import Webhook

Method = Literal["challenge", "handshake"]

VERIFICATION: Final = "webhook.verification"
_TIMEOUT: Final = 10.0


class Verifier:
    """Asks receivers.

    Args:
        origin: the name that the broker gives itself in a handshake.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        sender: Sender,
        targets: Targets,
        origin: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._sender, self._targets, self._origin = sender, targets, origin
        self._clock = clock

    async def ask(self, webhook: Webhook, method: Method) -> None:
        """Ask the receiver behind a webhook's URL.

        Raises:
            Unprocessable: it did not say yes; ``verification-failed``, and what it did.
        """
        wrong = await (
            self._challenge(webhook) if method == "challenge" else self._handshake(webhook)
        )
        if wrong:
            raise Unprocessable(
                f"The URL is not verified: {wrong}. Nothing is sent there before it is.",
                slug="verification-failed",
                title="The receiver did not confirm the webhook",
                faults=[Fault("/url", wrong, _FIX[method])],
            )

    async def _challenge(self, webhook: Webhook) -> str:
        token = secrets.token_urlsafe(32)
        now = datetime.fromtimestamp(self._clock(), UTC)
        body = orjson.dumps(
            {
                "type": VERIFICATION,
                "timestamp": timestamp(now),
                "data": {"webhook": webhook.id, "challenge": token},
            }
        )
        headers = {"content-type": "application/json", "user-agent": "supercity-webhook"}
        message = f"msg_{secrets.token_urlsafe(18)}"
        try:
            request = self._targets.request(webhook, message, body, headers)
        except ValueError:
            return "the webhook's secret was lost with the city's former key; rotate it"
        answer = await self._ask(request)
        if not answer.ok:
            return answer.error
        return "" if _echoes(answer.body, token) else "it did not echo the challenge"

    async def _handshake(self, webhook: Webhook) -> str:
        headers = {"webhook-request-origin": self._origin(), "user-agent": "supercity-webhook"}
        request = Request(webhook.url, b"", headers, method="OPTIONS")
        answer = await self._ask(request)
        if not answer.ok:
            return answer.error
        allowed = answer.headers.get("webhook-allowed-origin", "").split(",")
        if {"*", self._origin()} & {one.strip() for one in allowed}:
            return ""
        return "it does not allow this origin"

    async def _ask(self, request: Request) -> Answer:
        asked = Request(request.url, request.body, request.headers, _TIMEOUT, request.method)
        return await self._sender.send(asked, whole=True)


_FIX: Final = {
    "challenge": 'answer 200 with {"challenge": "…"}, the value of /data/challenge',
    "handshake": "answer 200 to OPTIONS with WebHook-Allowed-Origin: the WebHook-Request-Origin",
}


def _echoes(body: bytes, token: str) -> bool:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = body.decode(errors="replace").strip()  # the token alone, as plain text
    if isinstance(found, dict):
        found = found.get("challenge")
    return isinstance(found, str) and hmac.compare_digest(found.encode(), token.encode())

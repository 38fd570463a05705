"""``/developers/apps/{client_id}/webhooks``: what became of an application's webhooks.

A page for their owner as a client of ``/events/v1/webhooks`` in the application's name.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from gateway.control.oauth.clients import Client
from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.wide import language_of
from gateway.control.portal import shown_webhooks
from gateway.control.portal.apps_page import developer, one
from gateway.control.portal.for_app import CannotAct, ask_for
from gateway.control.portal.navigation import APPS, portal_page
from gateway.control.portal.texts_usage import USAGE_TEXTS
from gateway.control.staff.accounts import Staff
from gateway.control.staff.acting import Answer
from gateway.control.staff.browser import StaffBrowser
from gateway.control.state import Control, ControlDep
from schemas.problem import NotFound

router = APIRouter(tags=["Developer portal"])

PAGE: Final = APPS + "/{client_id}/webhooks"
MESSAGE: Final = PAGE + "/{webhook}/{message}"
_PORTION: Final = 25
_DONE: Final = ("d_sent_again", "d_on_its_way", "d_gone")
"""What the page says after a redirect to it; nothing else can be put into its address."""

WebhookId = Annotated[str, Path(pattern=r"^wh_[0-9a-f]{24}$")]
MessageId = Annotated[str, Path(pattern=r"^msg_[A-Za-z0-9_-]{10,90}$")]


@router.get(
    PAGE,
    operation_id="showOwnAppWebhooks",
    summary="What became of an application's webhooks",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(client_id: str, request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    client = await one(control, staff, client_id)
    try:
        hooks = await ask_for(request, control, staff, client, "GET", "")
    except CannotAct as error:
        return _cannot(request, control, browser, client, error.reason)
    if not hooks.ok:
        return _cannot(request, control, browser, client, "webhooks_not_now", hooks)
    found = hooks.body["webhooks"]
    chosen = _chosen(request, found)
    log = await _log(request, control, staff, client, chosen["id"]) if chosen else Answer(200)
    return _page(
        request, control, browser, client, "portal/app_webhooks.html",
        hooks=found,
        tones=shown_webhooks.HOOK_TONES,
        chosen=chosen,
        is_known=log.ok,
        states=shown_webhooks.STATES,
        state=_state(request),
        deliveries=[
            shown_webhooks.delivery(each, USAGE_TEXTS[language_of(request)])
            for each in (log.body["deliveries"] if chosen and log.ok else ())
        ],
        before=log.body["before"] if chosen and log.ok else "",
    )  # fmt: skip


@router.get(
    MESSAGE,
    operation_id="showOwnAppMessage",
    summary="One message of a webhook: its tries, and what was in it",
    response_class=Response,
    openapi_extra=shown(),
)
async def show_message(
    client_id: str, webhook: WebhookId, message: MessageId, request: Request, control: ControlDep
) -> Response:
    browser, staff = await developer(request, control)
    client = await one(control, staff, client_id)
    return await _message(request, control, browser, staff, client, webhook, message)


@router.post(
    MESSAGE,
    operation_id="sendOwnAppMessageAgain",
    summary="What that page, and the log, post",
    response_class=Response,
    openapi_extra=posted(csrf=""),
)
async def send_again(
    client_id: str, webhook: WebhookId, message: MessageId, request: Request, control: ControlDep
) -> Response:
    browser, staff = await developer(request, control)
    client = await one(control, staff, client_id)
    try:
        await our_form(request, control, browser)
    except NotOurs as error:
        return await _message(
            request, control, browser, staff, client, webhook, message, error.status
        )
    path = f"/{webhook}/deliveries/{message}/redeliver"
    try:
        answer = await ask_for(request, control, staff, client, "POST", path)
    except CannotAct as error:
        return _cannot(request, control, browser, client, error.reason)
    if answer.status not in (202, 404, 409):
        return _cannot(request, control, browser, client, "webhooks_not_now", answer)
    if answer.ok:
        async with control.store.write() as connection:
            await control.record(
                connection, staff.account, "webhook.redeliver", client_id,
                webhook=webhook, message=message,
            )  # fmt: skip
    done = {202: "d_sent_again", 409: "d_on_its_way", 404: "d_gone"}[answer.status]
    return redirect(f"{APPS}/{client_id}/webhooks?webhook={webhook}&done={done}")


async def _message(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    staff: Staff,
    client: Client,
    webhook: str,
    message: str,
    status: int = 200,
) -> Response:
    path = f"/{webhook}/deliveries/{message}"
    try:
        answer = await ask_for(request, control, staff, client, "GET", path)
    except CannotAct as error:
        return _cannot(request, control, browser, client, error.reason)
    if answer.status == 404:
        raise NotFound("There is no such message any more.")
    if not answer.ok:
        return _cannot(request, control, browser, client, "webhooks_not_now", answer)
    texts = USAGE_TEXTS[language_of(request)]
    return _page(
        request, control, browser, client, "portal/app_message.html",
        status=status,
        is_stale=status != 200,
        webhook=webhook,
        message=shown_webhooks.delivery(answer.body, texts),
        attempts=shown_webhooks.attempts(answer.body, texts),
        payload=shown_webhooks.payload(answer.body),
        is_withheld=answer.body["withheld"],
    )  # fmt: skip


async def _log(
    request: Request, control: Control, staff: Staff, client: Client, webhook: str
) -> Answer:
    before = request.query_params.get("before", "")
    return await ask_for(
        request, control, staff, client, "GET", f"/{webhook}/deliveries",
        state=_state(request), limit=_PORTION,
        before=before if re.fullmatch(r"[0-9]{1,18}", before) else "",
    )  # fmt: skip


def _state(request: Request) -> str:
    asked = request.query_params.get("state", "")
    return asked if asked in shown_webhooks.STATES else ""


def _chosen(request: Request, hooks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The webhook that the address names, else the first."""
    asked = request.query_params.get("webhook", "")
    named = (hook for hook in hooks if hook["id"] == asked)
    return next(named, hooks[0] if hooks else None)


def _cannot(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    client: Client,
    reason: str,
    answer: Answer | None = None,
) -> Response:
    """The page that says why there is nothing to see."""
    return _page(
        request, control, browser, client, "portal/app_webhooks_not.html",
        status=503 if answer else 200,
        reason=reason,
        problem=answer.problem if answer else ("", ""),
    )  # fmt: skip


def _page(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    client: Client,
    template: str,
    *,
    status: int = 200,
    **values: Any,
) -> Response:
    texts = USAGE_TEXTS[language_of(request)]
    done = request.query_params.get("done", "")
    return portal_page(
        request, control, template, browser,
        status=status,
        u=texts,
        client_id=client.client_id,
        name=client.name,
        notice=texts[done] if done in _DONE and request.method == "GET" else "",
        is_good=done == "d_sent_again",
        **values,
    )  # fmt: skip

"""Routes that answer "is this dangerous?": URLs, addresses, messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec

from mailrisk.listen.http.access import grant_of, needs
from mailrisk.listen.http.bodies import IpResults, IpsBody, UrlResults, UrlsBody
from mailrisk.model.errors import NotFound
from mailrisk.service.answers import ErrorAnswer, IpAnswer, MessageAnswer, UrlAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.check_url import Analyse, check_urls
from mailrisk.service.envelope import make_envelope
from mailrisk.service.keys import Role
from mailrisk.service.scan_url import scan_urls

AnyRequest = Request[Any, Any, State]


@post(
    "/urls:check",
    guards=[needs(Role.READER)],
    status_code=200,
    responses={200: ResponseSpec(UrlResults, description="One result for each URL, in order")},
)
async def urls_check(request: AnyRequest, data: UrlsBody) -> Response[bytes]:
    """Checks up to 1,000 URLs. One bad URL yields a result with ``error``; the others are answered."""
    context, tenant = request.app.state.context, grant_of(request).tenant
    if data.analyse is Analyse.SCAN:
        return _results(await scan_urls(context, data.urls, tenant, network=data.network))
    return _results(await sync_to_thread(check_urls, context, data.urls, data.analyse, tenant))


@post(
    "/ips:check",
    guards=[needs(Role.READER)],
    status_code=200,
    sync_to_thread=True,
    responses={
        200: ResponseSpec(IpResults, description="One result for each address, in the order asked for")
    },
)
def ips_check(request: AnyRequest, data: IpsBody) -> Response[bytes]:
    """Checks up to 10,000 IP addresses; with ``"order": "risk"`` the most dangerous come first."""
    return _results(check_ips(request.app.state.context, data.ips, grant_of(request).tenant, data.order))


def _results(answers: Sequence[UrlAnswer | IpAnswer | ErrorAnswer]) -> Response[bytes]:
    """Answers and errors side by side, in the order of the inputs."""
    return Response(msgspec.json.encode({"results": answers}), media_type="application/json")


@post(
    "/messages:check",
    guards=[needs(Role.READER)],
    status_code=200,
    responses={200: ResponseSpec(MessageAnswer, description="The verdict on the message")},
)
async def messages_check(
    request: AnyRequest,
    client_ip: str = "",
    helo: str = "",
    mail_from: str = "",
    rcpt_to: list[str] | None = None,
    network: bool = True,
) -> MessageAnswer:
    """Checks one raw message (``message/rfc822``), the body of the request. It is not stored.

    The SMTP envelope stands in the query, ``rcpt_to`` as often as there are recipients.
    """
    # Loaded here, so that the service is ready before.
    from mailrisk.service.check_message import check_message

    smtp = make_envelope(client_ip, helo, mail_from, rcpt_to or [])
    raw = await request.body()
    return await check_message(
        request.app.state.context, raw, smtp, network=network, tenant=grant_of(request).tenant
    )


@post(
    "/messages:rewrite",
    guards=[needs(Role.REPORTER)],
    status_code=200,
    responses={200: ResponseSpec(bytes, description="The message", media_type="message/rfc822")},
)
async def messages_rewrite(request: AnyRequest, rcpt_to: list[str] | None = None) -> Response[bytes]:
    """Leads the links of one raw message (``message/rfc822``), the body of the request, through the check page.

    The answer is the message with one header more, ``X-Mailrisk-Rewritten``, which says how many links were rewritten and
    what was left; else it is byte for byte the same. 404 where ``[rewrite] base`` is not configured.
    """
    rewriter = request.app.state.surfaces.rewriter
    if rewriter is None:
        raise NotFound("links are not rewritten here: [rewrite] base is not configured")
    # Loaded here, so that the service is ready before.
    from mailrisk.service.rewrite import HEADER, rewritten_header, with_header

    raw, tenant = await request.body(), grant_of(request).tenant
    done = await sync_to_thread(rewriter.rewrite, raw, tenant=tenant, recipients=tuple(rcpt_to or ()))
    return Response(with_header(done), media_type="message/rfc822", headers={HEADER: rewritten_header(done)})


ROUTES = [urls_check, ips_check, messages_check, messages_rewrite]

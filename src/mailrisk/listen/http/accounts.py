"""The route that answers for accounts. Its file is its own, since look-up workers load those of ``checks`` alone."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from mailrisk.listen.http.access import grant_of, needs
from mailrisk.listen.http.bodies import Body
from mailrisk.service.accounts import MAX_BATCH, AccountAnswer, check_accounts
from mailrisk.service.keys import Role


class AccountsBody(Body, frozen=True):
    """``POST /api/v1/accounts:check``."""

    accounts: Annotated[list[str], Meta(min_length=1, max_length=MAX_BATCH)]


class AccountResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result for each account, in order. A bad one has ``input`` and ``error`` alone."""

    results: list[AccountAnswer]


@post(
    "/accounts:check",
    guards=[needs(Role.REPORTER)],
    status_code=200,
    sync_to_thread=True,
    responses={200: ResponseSpec(AccountResults, description="One result for each account, in order")},
)
def accounts_check(request: Request[Any, Any, State], data: AccountsBody) -> Response[bytes]:
    """Checks up to 1,000 accounts, by what they send. Needs the role of those who tell of events."""
    answers = check_accounts(request.app.state.context, data.accounts, grant_of(request).tenant)
    return Response(msgspec.json.encode({"results": answers}), media_type="application/json")


ROUTES = [accounts_check]

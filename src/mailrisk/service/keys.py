"""API keys: ``mr_<public id>_<secret>``. The secret has 256 bits and is stored as SHA-256 only.

Issuing and revoking are changes of the feed, so that every node knows them at the same speed as a
listing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from enum import StrEnum

import msgspec

from mailrisk.model.change import Change, ChangeKind, KeyGrant
from mailrisk.model.errors import BadInput, NotFound, Unauthorised
from mailrisk.model.evidence import SHARED
from mailrisk.service.context import Context, LookupContext
from mailrisk.store.index_view import View

KEY_FORM = re.compile(r"mr_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")


class Role(StrEnum):
    """What a key may do. Each role may do everything that the ones before it may."""

    READER = "reader"  # checks, lists, changes
    REPORTER = "reporter"  # also reports and events
    ANALYST = "analyst"  # also withdrawals and listings by hand
    ADMIN = "admin"  # also keys and feeds


RANK = {role: number for number, role in enumerate(Role)}
RANK_BY_NAME = {role.value: number for role, number in RANK.items()}


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key; ``key`` is shown once and stored nowhere."""

    key: str
    public_id: str
    role: Role


def issue(
    context: Context,
    role: Role,
    *,
    note: str = "",
    tenant: int = SHARED,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Makes a key and publishes its hash to all nodes."""
    public_id = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12))
    secret = secrets.token_urlsafe(32)
    grant = KeyGrant(
        public_id=public_id, secret_sha256=_digest(secret), role=role, tenant=tenant, expires_at=expires_at
    )
    with context.ledger.transaction(context.clock()) as transaction:
        transaction.add_key(grant, note[:200])
        transaction.append(
            [Change(seq=0, epoch="", at=transaction.at, kind=ChangeKind.KEY_ISSUED, tenant=tenant, key=grant)]
        )
    context.catch_up()
    return IssuedKey(key=f"mr_{public_id}_{secret}", public_id=public_id, role=role)


def revoke(context: Context, public_id: str) -> None:
    """Revokes a key everywhere. NotFound when there is no such key in force."""
    with context.ledger.transaction(context.clock()) as transaction:
        if not transaction.revoke_key(public_id):
            raise NotFound(f"no key {public_id} in force")
        transaction.append(
            [
                Change(
                    seq=0,
                    epoch="",
                    at=transaction.at,
                    kind=ChangeKind.KEY_REVOKED,
                    key=KeyGrant(public_id=public_id),
                )
            ]
        )
    context.catch_up()


def authenticate_key(context: LookupContext, key: str, view: View | None = None) -> KeyGrant:
    """The grant behind a key. Unauthorised: no key, a wrong, expired or revoked one.

    ``view``: a view of the index that is open already. The comparison takes the same time wherever the
    secrets differ.
    """
    match = KEY_FORM.fullmatch(key)
    if match is None:
        raise Unauthorised("a key looks like mr_<id>_<secret>; send it as X-API-Key or Authorization: Bearer")
    grant = (context.index if view is None else view).key(match[1])
    known = grant.secret_sha256 if grant is not None else "0" * 64
    if not hmac.compare_digest(known, _digest(match[2])) or grant is None:
        raise Unauthorised("this key is not known or was revoked")
    if grant.expires_at is not None and grant.expires_at <= context.clock():
        raise Unauthorised("this key has expired")
    return grant


def allows(grant: KeyGrant, role: Role) -> bool:
    """Whether a key may do what this role may."""
    known = RANK_BY_NAME.get(grant.role)
    return (RANK[role_of(grant.role)] if known is None else known) >= RANK[role]


def role_of(text: str) -> Role:
    """A role by its name. BadInput for another word."""
    try:
        return Role(text)
    except ValueError:
        raise BadInput("role", f"is one of {', '.join(Role)}") from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

"""Log lines of the events, as Dovecot 2.3 and Postfix write them with RFC 3339 times."""

from __future__ import annotations

from collections.abc import Iterator

from tools.sim.model import Event

from mailrisk.model.events import LoginEvent, Outcome, SendEvent

HOST = "mx1"
LOCAL = "192.0.2.10"


def lines_of(event: Event, number: int) -> Iterator[str]:
    """The lines of one event, without line ends. ``number`` makes sessions and queue names distinct.

    Dovecot logs with ``auth_verbose``: its password database tells of unknown users, before the server that
    talks to the client does. A message is logged as the login that hands it in, so send events have no lines.
    """
    if isinstance(event, SendEvent):
        return
    front = f"{event.seen_at.isoformat(timespec='milliseconds')} {HOST} "
    session = f"{number:016x}"
    if event.outcome is Outcome.UNKNOWN_USER:
        told = f",<{session}>" if event.service == "dovecot" else ""
        yield f"{front}dovecot: auth-worker(4711): sql({event.account},{event.ip}{told}): unknown user"
    yield front + (_postfix(event, number) if event.service == "postfix" else _dovecot(event, session))


def _dovecot(event: LoginEvent, session: str) -> str:
    fields = f"user=<{event.account}>, method=PLAIN, rip={event.ip}, lip={LOCAL}"
    if event.outcome is Outcome.SUCCESS:
        return f"dovecot: {event.protocol}-login: Login: {fields}, mpid=4712, TLS, session=<{session}>"
    failed = f"(auth failed, {event.attempts} attempts in 2 secs)"
    return f"dovecot: {event.protocol}-login: Disconnected {failed}: {fields}, TLS, session=<{session}>"


def _postfix(event: LoginEvent, number: int) -> str:
    client = f"unknown[{event.ip}]" if ":" not in event.ip else f"unknown[IPv6:{event.ip}]"
    if event.outcome is Outcome.SUCCESS:
        queue = f"4{number % (1 << 40):010X}"
        return f"postfix/submission/smtpd[915]: {queue}: client={client}, sasl_method=LOGIN, sasl_username={event.account}"
    reason = f"SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username={event.account}"
    return f"postfix/submission/smtpd[915]: warning: {client}: {reason}"

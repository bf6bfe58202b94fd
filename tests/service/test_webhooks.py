"""Change webhooks against a real receiver: signed as the standard says, in order, again until it is got."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.worlds import TestClock

from mailrisk.model.errors import BadInput, ConfigError, NotFound
from mailrisk.model.webhook import Webhook
from mailrisk.service.context import Context
from mailrisk.service.webhook_secrets import with_secrets
from mailrisk.service.webhooks import deliver, replay, sign, webhook_status
from mailrisk.service.withdraw import list_by_hand, withdraw

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver:
    """A web server that keeps what is posted to it."""

    def __init__(self) -> None:
        self.status = "204 No Content"
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): v.strip() for name, _, v in (line.partition(":") for line in head[1:])}
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    def changes(self) -> list[tuple[str, str]]:
        """(kind, indicator) of everything that arrived, in the order of arrival."""
        bodies = [json.loads(body) for _, body in self.got]
        return [(one["kind"], one["indicator"]) for body in bodies for one in body["data"]["changes"]]


def served(context: Context, receiver: Receiver, **more: Any) -> tuple[Context, Callable[[], int]]:
    """The context with the receiver configured, and a function that delivers until there is no more."""
    hook = Webhook(name="soar", url="http://127.0.0.1/", secret=SECRET, allow_private=True, **more)
    configured = replace(context, network=True, webhooks=(hook,))

    async def run() -> int:
        server = await asyncio.start_server(receiver, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reachable = Webhook(**{**_fields(hook), "url": f"http://127.0.0.1:{port}/hook"})
            count = len(receiver.got)
            while await deliver(configured, reachable):
                pass
            return len(receiver.got) - count

    return configured, lambda: asyncio.run(run())


def _fields(hook: Webhook) -> dict[str, Any]:
    return {name: getattr(hook, name) for name in hook.__struct_fields__}


def listed(context: Context, url: str) -> None:
    list_by_hand(context, url, comment="x", category="credential-phishing", analyst="t")


def test_changes_arrive_in_order_and_signed_as_the_standard_says(context: Context, clock: TestClock) -> None:
    receiver = Receiver()
    _, run = served(context, receiver)
    assert run() == 0, "a new receiver gets what changes from now on"
    listed(context, "http://evil.example/a")
    listed(context, "http://evil.example/b")
    clock.forward(minutes=1)
    withdraw(context, "http://evil.example/a", comment="cleaned", analyst="t")
    assert run() == 1 and run() == 0
    assert receiver.changes() == [
        ("listed", "http://evil.example/a"),
        ("listed", "http://evil.example/b"),
        ("withdrawn", "http://evil.example/a"),
    ]
    headers, body = receiver.got[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert int(headers["webhook-timestamp"]) == int(clock.now.timestamp())
    assert json.loads(body)["type"] == "mailrisk.changes"


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    hook = Webhook(name="x", url="", secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert sign(hook, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_what_was_not_taken_is_sent_again_later_each_time(context: Context, clock: TestClock) -> None:
    receiver = Receiver()
    configured, run = served(context, receiver)
    run()
    listed(context, "http://evil.example/a")
    receiver.status = "500 Internal Server Error"
    waits = []
    for _ in range(3):
        assert run() == 1 and run() == 0, "not again before its time"
        [row] = webhook_status(configured)
        assert row.due_at is not None and row.last_error == "HTTP 500" and row.behind == 1
        waits.append((row.due_at - clock.now).total_seconds())
        clock.now = row.due_at
    assert waits[0] < waits[1] < waits[2]
    receiver.status = "200 OK"
    assert run() == 1
    ids = {headers["webhook-id"] for headers, _ in receiver.got}
    assert len(ids) == 1, "the same delivery has the same id, so that the receiver can tell"
    [row] = webhook_status(configured)
    assert (row.failures, row.behind, row.last_error) == (0, 0, "")


def test_a_replay_sends_everything_after_a_number_once_more_in_pages(context: Context) -> None:
    receiver = Receiver()
    configured, run = served(context, receiver, max_changes=2)
    run()
    for number in range(5):
        listed(context, f"http://evil{number}.example/")
    assert run() == 3
    assert replay(configured, "soar", 1).behind == 4
    assert run() == 2
    assert receiver.changes()[5:] == [("listed", f"http://evil{number}.example/") for number in range(1, 5)]
    with pytest.raises(BadInput):
        replay(configured, "soar", 99)
    with pytest.raises(NotFound):
        replay(configured, "nobody", 0)


def test_a_private_address_is_called_only_where_the_configuration_says_so(context: Context) -> None:
    hook = Webhook(name="inside", url="http://127.0.0.1:9/", secret=SECRET)
    configured = replace(context, webhooks=(hook,))
    asyncio.run(deliver(configured, hook))
    listed(context, "http://evil.example/a")
    asyncio.run(deliver(configured, hook))
    [row] = webhook_status(configured)
    assert "no public address" in row.last_error and row.behind == 1


@pytest.mark.parametrize(
    "secret", ["", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 200, "whsec_?"]
)
def test_a_bad_secret_is_a_configuration_error(secret: str) -> None:
    with pytest.raises(ConfigError, match=r"webhook\.x\.secret"):
        with_secrets([Webhook(name="x", url="https://x.example/", secret=secret)], {})


def test_a_secret_may_stand_in_the_environment() -> None:
    [hook] = with_secrets(
        [Webhook(name="my-soar", url="https://x.example/")], {"MAILRISK_WEBHOOK_SECRET_MY_SOAR": SECRET}
    )
    assert hook.secret == SECRET

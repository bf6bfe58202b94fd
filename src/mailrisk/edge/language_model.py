"""A language model behind an endpoint that the administrator named.

Every way to fail is one answer, ``temperror``: it hangs, is away, answers with a page, with gigabytes, with
something else than was asked for. Questions are few: one mail asked twice is answered from memory, there is a
budget by the hour and the day, and an endpoint that fails three times in a row is left alone for a minute. A
private address is allowed, because nobody but the administrator names it.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from mailrisk.edge.completion import MAX_REPLY, read_reply, request
from mailrisk.edge.fetch import Egress
from mailrisk.edge.post import Answer, exchange
from mailrisk.edge.remembered import Remembered
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.facts import Fact, FactKey
from mailrisk.model.opinion import Question

_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_KEEP_FAILED_S = 60.0
_FAILURES = 3
_REFUSED = frozenset({400, 404, 415, 422, 501})
"""Statuses of servers that do not know ``response_format``."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model is and what may be asked of it. ``url`` is the base, as in ``http://127.0.0.1:11434/v1``."""

    url: str
    model: str
    key: str = ""
    proxy: str = ""
    timeout_s: float = 15.0
    per_hour: int = 200
    per_day: int = 2_000
    tokens_per_day: int = 4_000_000
    max_chars: int = 6_000
    cache: int = 1_000

    @property
    def completions(self) -> str:
        """The URL that questions are posted to."""
        base = self.url.rstrip("/")
        return base if base.endswith("/chat/completions") else f"{base}/chat/completions"


class LanguageModel:
    """Asks for opinions. One object serves the whole process."""

    def __init__(self, endpoint: Endpoint, now: Callable[[], float] = time.monotonic) -> None:
        self.endpoint = endpoint
        self._egress = Egress(proxy=endpoint.proxy, allow_private=True)
        self._now = now
        self._asked: deque[float] = deque()  # when, for a day
        self._tokens: deque[tuple[float, int]] = deque()  # when, and what an answer cost
        self._failures = 0
        self._failed_at = 0.0
        self._schema = True
        self._answers = Remembered(self._answer, endpoint.cache, now)

    @property
    def name(self) -> str:
        """Host and port of the endpoint; the whole URL may hold a key."""
        return urlsplit(self.endpoint.url).netloc.rpartition("@")[2]

    async def ask(self, question: Question) -> Fact:
        """``found`` with an Opinion; ``temperror`` or ``not-checked`` (budget spent) with the reason. Never raises."""
        body = request(question, self.endpoint.model, self.endpoint.max_chars)
        name = hashlib.sha256(body).hexdigest()
        return await self._answers.lookup(FactKey("opinion", name, msgspec.json.encode(question).decode()))

    async def _answer(self, key: FactKey) -> tuple[Fact, float]:
        question = msgspec.json.decode(key.detail, type=Question)
        if self._failures >= _FAILURES and self._now() < self._failed_at + _KEEP_FAILED_S:
            return Fact("temperror", "the endpoint does not answer"), 1.0
        if not self._within_budget():
            return Fact("not-checked", "the budget is spent"), 1.0
        try:
            opinion, tokens = read_reply(await self._post(question), self.endpoint.model)
        except (BadInput, Unavailable) as error:
            self._failures, self._failed_at = self._failures + 1, self._now()
            return Fact("temperror", str(error)[:200]), _KEEP_FAILED_S
        self._failures = 0
        self._tokens.append((self._now(), tokens))
        return Fact("found", opinion), _DAY_S

    def _within_budget(self) -> bool:
        """Whether one more question may be asked. Failed ones count too: they cost the same."""
        now, limits = self._now(), self.endpoint
        while self._asked and self._asked[0] <= now - _DAY_S:
            self._asked.popleft()
        while self._tokens and self._tokens[0][0] <= now - _DAY_S:
            self._tokens.popleft()
        this_hour = sum(1 for at in self._asked if at > now - _HOUR_S)
        tokens = sum(spent for _, spent in self._tokens)
        return (
            this_hour < limits.per_hour
            and len(self._asked) < limits.per_day
            and tokens < limits.tokens_per_day
        )

    async def _post(self, question: Question) -> bytes:
        answer = await self._send(question, self._schema)
        if self._schema and answer.status in _REFUSED:
            # It may not know response_format; then the form is asked for in words alone.
            answer = await self._send(question, schema=False)
            self._schema = answer.status != 200
        if answer.status != 200:
            raise Unavailable(f"HTTP {answer.status}")
        if not answer.whole:
            raise BadInput("reply", f"longer than {MAX_REPLY} bytes")
        return answer.body

    async def _send(self, question: Question, schema: bool) -> Answer:
        self._asked.append(self._now())
        endpoint = self.endpoint
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        return await exchange(
            endpoint.completions,
            request(question, endpoint.model, endpoint.max_chars, schema=schema),
            headers,
            timeout_s=endpoint.timeout_s,
            most=MAX_REPLY,
            egress=self._egress,
        )

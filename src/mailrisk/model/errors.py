"""The one tree of errors.

Parsers and services raise these; ``listen/http/problems.py`` maps them to RFC 9457 problems
and ``cli`` to exit codes, each in one place.
"""


class MailriskError(Exception):
    """Root of every error that mailrisk raises on purpose."""


class BadInput(MailriskError):
    """Something from outside does not have the form it must have.

    ``field`` names the input (``url``, ``line``, ``config.feeds``), ``reason`` says what is wrong
    in words that may be shown to whoever sent it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class TooLarge(BadInput):
    """An input is over its stated size or count limit."""


class BadUrl(BadInput):
    """A text is no URL that a browser would open."""

    def __init__(self, reason: str) -> None:
        super().__init__("url", reason)


class BadAddress(BadInput):
    """A text is no IP address or network."""

    def __init__(self, reason: str) -> None:
        super().__init__("ip", reason)


class NotFound(MailriskError):
    """The thing asked for is not there."""


class Conflict(MailriskError):
    """The request contradicts what is stored (an idempotency key used for another body, say)."""


class Unauthorised(MailriskError):
    """No key, a wrong key, an expired or revoked key (HTTP 401)."""


class Forbidden(MailriskError):
    """A valid key whose role does not allow this (HTTP 403)."""


class Exhausted(MailriskError):
    """Whoever asks has used up what one may have (HTTP 429); ``after_s`` seconds from now there is more."""

    def __init__(self, reason: str, *, after_s: int) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Unavailable(MailriskError):
    """We cannot answer now: a store is away or a list too old. Silence is never safe."""


class ConfigError(BadInput):
    """The configuration file has an unknown key or a value of the wrong type."""


class FeedRefused(BadInput):
    """A whole feed is unfit: it turned into HTML, is no UTF-8, is over a limit, or shrank too much."""

    def __init__(self, reason: str) -> None:
        super().__init__("feed", reason)


class EgressRefused(BadInput):
    """A place that we do not open: a private address, another scheme, a redirect that leads there."""

    def __init__(self, reason: str) -> None:
        super().__init__("url", reason)

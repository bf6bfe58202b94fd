"""Secrets of webhooks: where they may stand, and what they look like (Standard Webhooks, "Signature scheme")."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping

import msgspec

from mailrisk.model.errors import ConfigError
from mailrisk.model.webhook import Webhook

SECRET_VARIABLE = "MAILRISK_WEBHOOK_SECRET_"
PREFIX = "whsec_"
MIN_BYTES, MAX_BYTES = 24, 64


def with_secrets(hooks: Iterable[Webhook], environment: Mapping[str, str]) -> tuple[Webhook, ...]:
    """The receivers with their secrets, the environment's first. ConfigError: none, a bad one, a name twice."""
    found: dict[str, Webhook] = {}
    for hook in hooks:
        if hook.name in found:
            raise ConfigError("webhook", f"there are two webhooks named {hook.name!r}")
        variable = SECRET_VARIABLE + hook.name.upper().replace("-", "_")
        secret = environment.get(variable) or hook.secret
        secret_bytes(hook.name, secret)
        found[hook.name] = msgspec.structs.replace(hook, secret=secret)
    return tuple(found.values())


def secret_bytes(name: str, secret: str) -> bytes:
    """The key of the signature. ConfigError: it has not the form that the standard asks for."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not MIN_BYTES <= len(key) <= MAX_BYTES:
        raise ConfigError(
            f"webhook.{name}.secret", f"needs {PREFIX} and {MIN_BYTES} to {MAX_BYTES} random bytes in base64"
        )
    return key

"""Posts changes to webhooks while the server runs; a receiver that hangs holds up no other."""

from __future__ import annotations

import asyncio
import logging

from mailrisk.model.webhook import Webhook
from mailrisk.service.context import Context
from mailrisk.service.webhooks import deliver

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5


async def webhook_loop(context: Context) -> None:
    """Serves every configured receiver, for ever. Ends at once when there is none or no network."""
    if not context.network:
        if context.webhooks:
            logger.warning("the network is switched off: no webhook is called")
        return
    await asyncio.gather(*(_serve(context, hook) for hook in context.webhooks))


async def _serve(context: Context, hook: Webhook) -> None:
    while True:
        more = False
        try:
            more = await deliver(context, hook)
        except Exception:
            logger.exception("the webhook %s failed; it is tried again", hook.name)
        await asyncio.sleep(0 if more else LOOK_EVERY_S)

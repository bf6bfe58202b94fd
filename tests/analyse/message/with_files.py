"""Letters with their files opened, as the service hands them to the analysers."""

from __future__ import annotations

import msgspec
from tests.analyse.message.letters import view

from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.collect.files.open import Attached, open_files
from mailrisk.collect.files.passwords import passwords_in
from mailrisk.model.url.canonical import parse_url


def opened(raw: bytes, **known: str) -> MessageView:
    """The message as analysers read it, with everything that is in its attachments; ``known`` as ``view``."""
    seen = view(raw, **known)
    message = seen.message
    attached = [
        Attached(part=part.path, name=part.filename, declared=part.content_type, data=part.payload)
        for part in message.parts
        if part.payload and (part.filename or not part.content_type.startswith("text/"))
    ]
    found = open_files(attached, passwords_in([message.text, message.subject]))
    known_urls = {item.link.url for item in seen.urls}
    links = [link for file in found.files for link in file.contents.links if link.url not in known_urls]
    urls = (*seen.urls, *(LinkedUrl(link=link, url=parse_url(link.url)) for link in links))
    return msgspec.structs.replace(seen, urls=urls, files=found.files)

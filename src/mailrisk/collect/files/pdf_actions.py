"""Actions of a PDF (ISO 32000-2 §12.6): what clicking or opening does, by their traits and links."""

from __future__ import annotations

from typing import Any

from mailrisk.collect.files.gather import Gather

MOST_ACTIONS = 2_000
MOST_CHAINED = 20
MOST_SCRIPT = 200_000


class Actions:
    """Reads actions of one document; each link gets the place at which it stands."""

    def __init__(self, gather: Gather) -> None:
        self._gather = gather
        self._left = MOST_ACTIONS

    def read(self, action: Any, where: str) -> None:
        """One action and those chained to it by ``/Next``."""
        for _ in range(MOST_CHAINED):
            action = action.get_object() if hasattr(action, "get_object") else action
            if isinstance(action, list) and action:
                action = action[0].get_object()
            if action is None or not hasattr(action, "get") or self._left <= 0:
                return
            self._left -= 1
            self._one(action, where)
            action = action.get("/Next")

    def read_additional(self, triggers: Any, where: str) -> None:
        """``/AA``: actions by trigger (opening a page, leaving a field)."""
        if triggers is None or not hasattr(triggers, "items"):
            return
        for trigger, action in list(triggers.items())[:50]:
            self._gather.trait("additional-action", f"{where} {trigger}")
            self.read(action, f"{where}, on {str(trigger).lstrip('/')}")

    def _one(self, action: Any, where: str) -> None:
        kind = str(_get(action, "/S") or "")
        gather = self._gather
        if kind == "/URI":
            gather.trait("uri")
            gather.link(text_of(_get(action, "/URI")), where)
        elif kind == "/JavaScript":
            source = text_of(_get(action, "/JS"))[:MOST_SCRIPT]
            gather.trait("javascript", source[:300])
            gather.links_in(source, f"{where}, script", how="attachment")
        elif kind == "/Launch":
            gather.trait("launch-action", self._launched(action))
        elif kind == "/SubmitForm":
            target = file_name(_get(action, "/F"))
            gather.trait("acroform-submit", target)
            gather.link(target, where, how="form")
        elif kind in ("/GoToR", "/ImportData", "/Thread"):
            target = file_name(_get(action, "/F"))
            gather.trait("remote-target", target)
            gather.link(target, where)
        elif kind == "/GoToE":
            gather.trait("opens-embedded-file", file_name(_get(action, "/F")))
        elif kind in ("/Rendition", "/RichMediaExecute", "/Movie", "/Sound"):
            gather.trait("media", kind.lstrip("/"))

    @staticmethod
    def _launched(action: Any) -> str:
        """Program and parameters (§12.6.4.6)."""
        windows = _get(action, "/Win")
        if hasattr(windows, "get"):
            return f"{text_of(_get(windows, '/F'))} {text_of(_get(windows, '/P'))}".strip()
        return file_name(_get(action, "/F"))

    def keep_file(self, specification: Any) -> None:
        """A file specification (§7.11.3) with the file in it."""
        specification = specification.get_object() if hasattr(specification, "get_object") else specification
        if not hasattr(specification, "get"):
            return
        name = file_name(specification)
        self._gather.trait("embedded-file", name)
        streams = _get(specification, "/EF")
        stream = (_get(streams, "/UF") or _get(streams, "/F")) if hasattr(streams, "get") else None
        if stream is not None and hasattr(stream, "get_data"):
            self._gather.member(name, stream.get_data())


def _get(thing: Any, key: str) -> Any:
    found = thing.get(key)
    return found.get_object() if found is not None and hasattr(found, "get_object") else found


def text_of(thing: Any) -> str:
    """Text of a string, or of a stream that holds a script."""
    if thing is None:
        return ""
    if hasattr(thing, "get_data"):
        thing = thing.get_data()[:MOST_SCRIPT]
    if isinstance(thing, bytes):
        return thing.decode("utf-16" if thing[:2] in (b"\xfe\xff", b"\xff\xfe") else "utf-8", "replace")
    return str(thing)


def file_name(specification: Any) -> str:
    """The name or address that a file specification gives."""
    if specification is not None and hasattr(specification, "get"):
        return text_of(_get(specification, "/UF") or _get(specification, "/F") or _get(specification, "/DOS"))
    return text_of(specification)

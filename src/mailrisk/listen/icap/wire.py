"""ICAP on the wire (RFC 3507): what a proxy sends before a request goes out, and our answers.

An ICAP message is a head like HTTP's, and behind it the encapsulated parts of an HTTP message: its head as it is, its body in
chunks. ``Encapsulated: req-hdr=0, req-body=170`` says where each part begins (§4.4). With ``Preview`` the body stops after so
many bytes, and the rest comes only if we ask for it (§4.5). What is decided is in the head, so that we ask for it only
to have it out of the way.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

import msgspec

from mailrisk.model.errors import BadInput

MAX_HEAD: Final = 65_536
"""Bytes of an ICAP head, and of the HTTP head inside."""

MAX_FIELDS: Final = 200

_FIRST_LINE: Final = re.compile(r"(OPTIONS|REQMOD|RESPMOD) (icaps?://[^\s/]{1,255}\S{0,2000}) ICAP/1\.0")
_PART: Final = re.compile(r"([a-z]{3,4}-[a-z]{3,4})=(\d{1,9})")

CONTINUE: Final = b"ICAP/1.0 100 Continue\r\n\r\n"
"""Asks for the rest behind a preview."""

REASONS: Final = {
    200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 500: "Server Error", 503: "Overloaded",
}  # fmt: skip


class IcapRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The head of one request. Names of fields are lower case.

    ``head``: bytes of the encapsulated HTTP head; ``has_body``: chunks follow it. ``preview``: None without one.
    """

    method: str
    service: str
    fields: dict[str, str]
    head: int = 0
    has_body: bool = False
    preview: int | None = None

    @property
    def may_be_204(self) -> bool:
        """Whether 204 is an answer that the client understands (§4.6)."""
        allowed = {one.strip() for one in self.fields.get("allow", "").split(",")}
        return "204" in allowed or self.preview is not None

    @property
    def user(self) -> str:
        """Who goes there, as far as the proxy says (draft-stecher-icap-subid, Squid's X-Client-Username)."""
        if name := self.fields.get("x-client-username", ""):
            return name[:320]
        try:
            told = base64.b64decode(self.fields.get("x-authenticated-user", ""), validate=True)
        except (binascii.Error, ValueError):
            return ""
        return told.decode("utf-8", "replace").rpartition("/")[2][:320]

    @property
    def client(self) -> str:
        """The address of who goes there."""
        return self.fields.get("x-client-ip", "")[:80]


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is encapsulated: where somebody is about to go."""

    method: str
    url: str


def parse_icap(raw: bytes) -> IcapRequest:
    """The head of an ICAP request, without the empty line. BadInput says what is wrong."""
    first, fields = _head(raw)
    said = _FIRST_LINE.fullmatch(first)
    if said is None:
        raise BadInput("icap", "is no ICAP request")
    method, uri = said[1], said[2]
    service = "/" + uri.partition("://")[2].partition("/")[2].partition("?")[0]
    if method != "REQMOD":
        return IcapRequest(method=method, service=service, fields=fields)
    head, has_body = _encapsulated(fields.get("encapsulated", ""))
    preview = fields.get("preview", "")
    if preview and not (preview.isascii() and preview.isdigit() and len(preview) < 9):
        raise BadInput("icap", "Preview is no number")
    return IcapRequest(
        method=method, service=service, fields=fields, head=head, has_body=has_body,
        preview=int(preview) if preview else None,
    )  # fmt: skip


def _encapsulated(text: str) -> tuple[int, bool]:
    """(bytes of the HTTP head, whether a body follows): ``req-hdr=0, req-body=N`` or ``null-body=N`` (§4.4.1)."""
    parts = [_PART.fullmatch(one.strip()) for one in text.split(",")]
    names = [one[1] if one else "" for one in parts]
    if names not in (["req-hdr", "null-body"], ["req-hdr", "req-body"]):
        raise BadInput("icap", "Encapsulated is not req-hdr and a body")
    start, end = (int(one[2]) for one in parts if one)
    if start != 0 or not 0 < end <= MAX_HEAD:
        raise BadInput("icap", f"the HTTP head has {end} bytes")
    return end, names[1] == "req-body"


def parse_http(raw: bytes) -> HttpRequest:
    """The HTTP request inside; a path alone is completed by the Host field. BadInput: it is none."""
    first, fields = _head(raw.rstrip(b"\r\n"))
    method, _, rest = first.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not method or not target or not version.startswith("HTTP/"):
        raise BadInput("icap", "the encapsulated head is no HTTP request")
    if target.startswith("/"):
        target = f"http://{fields.get('host', '')}{target}"
    return HttpRequest(method=method, url=target)


def _head(raw: bytes) -> tuple[str, dict[str, str]]:
    lines = raw.decode("latin-1").split("\r\n")
    if len(lines) > MAX_FIELDS:
        raise BadInput("icap", f"more than {MAX_FIELDS} fields")
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or " " in name or "\t" in name:
            raise BadInput("icap", "has a field without a name")
        fields[name.lower()] = value.strip()
    return lines[0], fields


def answer_head(status: int, tag: str, *fields: str, encapsulated: str = "null-body=0") -> bytes:
    """The head of an ICAP answer; ``tag`` is the ISTag (§4.7), which every answer carries."""
    lines = [
        f"ICAP/1.0 {status} {REASONS[status]}", f'ISTag: "{tag}"', "Service: mailrisk", *fields,
        f"Encapsulated: {encapsulated}",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def options_answer(tag: str, connections: int) -> bytes:
    """What we offer (§4.10.2)."""
    return answer_head(
        200, tag, "Methods: REQMOD", f"Max-Connections: {connections}", "Options-TTL: 60", "Allow: 204", "Preview: 0",
        "Transfer-Preview: *",
    )  # fmt: skip


def sent_on(tag: str, location: str) -> bytes:
    """A redirect in place of the request: the address is one of ours, and of ASCII."""
    head = (
        f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
        "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
    ).encode("ascii")
    return answer_head(200, tag, encapsulated=f"res-hdr=0, null-body={len(head)}") + head


def instead(tag: str, status: int, page: str) -> bytes:
    """An HTTP answer in place of the request (§4.8.3)."""
    body = page.encode()
    head = (
        f"HTTP/1.1 {status} {'Forbidden' if status == 403 else 'Service Unavailable'}\r\n"
        f"Content-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action *; base-uri 'none'\r\n"
        "Connection: close\r\n\r\n"
    ).encode("latin-1")
    parts = f"res-hdr=0, res-body={len(head)}"
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return answer_head(200, tag, encapsulated=parts) + head + chunk

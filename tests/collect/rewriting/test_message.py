"""Rewriting a message changes the links and nothing else; what must not be touched is not, and said."""

from __future__ import annotations

import base64
import email
import email.policy
import quopri
from pathlib import Path

import pytest
from ada_url import join_url
from hypothesis import given
from hypothesis import strategies as st

import mailrisk
from mailrisk.collect.rewriting import message
from mailrisk.collect.rewriting.message import Rewritten, rewrite

MARK = "https://go.example/go/"
EXAMPLES = sorted((Path(mailrisk.__file__).parent / "data" / "examples").glob("*.eml"))


def link(target: str) -> str:
    """A link from which the target can be read again."""
    return MARK + base64.urlsafe_b64encode(target.encode("utf-8", "replace")).decode().rstrip("=") + ".x"


def unlink(text: str) -> str:
    body = text.removeprefix(MARK).removesuffix(".x")
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()


def done(raw: bytes, *, plain: bool = True) -> Rewritten:
    return rewrite(raw, link, plain=plain)


def page(html: str, encoding: str = "8bit", charset: str = "utf-8", newline: str = "\r\n") -> bytes:
    body = html.encode(charset)
    body = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(body)
    head = f"From: a@b.example\nContent-Type: text/html; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    return (head.encode() + body.replace(b"\r\n", b"\n")).replace(b"\n", newline.encode())


def text_of(raw: bytes) -> str:
    """The decoded first part as another implementation reads it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    part = next(part for part in message.walk() if not part.is_multipart())
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode(part.get_content_charset("utf-8"), "surrogateescape").replace("\r\n", "\n")


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "base64", "quoted-printable"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_value_of_the_link_changes(encoding: str, newline: str) -> None:
    html = (
        "<p class='x'>Hallo <A title=1 HREF=http://evil.example/a?b=1&amp;c=2 >http://good.example</A></p>\n"
        * 30
    )
    raw = page(html, encoding, newline=newline)
    found = done(raw)
    new = f'"{link("http://evil.example/a?b=1&c=2")}"'
    assert text_of(found.raw) == html.replace("http://evil.example/a?b=1&amp;c=2", new)
    assert found.links == 30 and not found.left
    assert found.raw[: found.body_at] == raw[: found.body_at]
    assert (b"\r\n" in found.raw) == (newline == "\r\n")
    longest = max(map(len, found.raw.splitlines()))
    assert longest <= (998 if encoding in ("7bit", "8bit") else 76)


@pytest.mark.parametrize(
    "charset", ["gb18030", "big5", "iso-2022-jp", "utf-16", "shift_jis", "windows-1252", "utf-7"]
)
@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_every_charset_is_written_back_as_it_was(charset: str, encoding: str) -> None:
    words = "caf\u00e9" if charset == "windows-1252" else "\u4e2d\u6587"
    html = f'<b>{words}</b><a href="http://evil.example/">{words}</a>{words}'
    if charset == "utf-16":  # In 8bit such a mail has no lines.
        encoding = "base64"
    raw = page(html, encoding, charset)
    found = done(raw)
    assert found.links == 1, found.left
    assert text_of(found.raw) == html.replace('"http://evil.example/"', f'"{link("http://evil.example/")}"')


def test_bytes_that_no_charset_knows_stay() -> None:
    raw = page("").rstrip() + b'\r\n\r\n\xff\xfe <a href="http://evil.example/\xff">\x80\x81</a>\xe4'
    found = done(raw)
    assert (
        found.links == 1 and found.raw.endswith(b'">\x80\x81</a>\xe4') and b"\r\n\r\n\xff\xfe <a" in found.raw
    )


def test_links_in_plain_text_end_where_the_readers_program_ends_them() -> None:
    body = "看这里http://evil.example/a。然后 (see www.b.example/x), <http://c.example/long\n/rest> hxxp://d.example/ a@b.example."
    raw = f"From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\n{body}\n".encode()
    found = done(raw)
    said = found.raw.decode().partition("\n\n")[2]
    want = ["http://evil.example/a", "http://www.b.example/x", "http://c.example/long/rest"]
    assert [
        unlink(one)
        for one in said.replace(">", " ").replace(")", " ").replace("。", " ").split()
        for one in [one[one.find(MARK) :]]
        if MARK in one
    ] == want
    assert said.startswith(
        "看这里"
        + link(want[0])
        + "。然后 (see "
        + link(want[1])
        + "), <"
        + link(want[2])
        + "> hxxp://d.example/"
    )
    assert done(raw, plain=False).raw == raw


SIGNED = """From: a@b.example
Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s

--s
Content-Type: text/html

<a href="http://evil.example/">x</a>
--s
Content-Type: application/pgp-signature

x
--s--
"""


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (SIGNED, "signed"),
        (SIGNED.replace("multipart/signed", "multipart/encrypted"), "encrypted"),
        ("From: a@b.example\n\n-----BEGIN PGP SIGNED MESSAGE-----\nhttp://evil.example/\n", "signed"),
        ("From: a@b.example\nContent-Type: application/pkcs7-mime\n\nhttp://evil.example/", "encrypted"),
        ("From: a@b.example\nContent-Type: message/rfc822\n\nFrom: x@y.example\n\nhttp://evil.example/", "attached-message"),
        ("From: a@b.example\nContent-Type: text/html\nContent-Disposition: attachment\n\n<a href=http://evil.example/>", "attached-page"),
        ("From: a@b.example\nContent-Transfer-Encoding: x-uuencode\n\nhttp://evil.example/", "encoding"),
    ],
)  # fmt: skip
def test_what_must_not_be_touched_stays_and_is_said(raw: str, why: str) -> None:
    found = done(raw.encode())
    assert found.raw == raw.encode() and found.links == 0 and found.left == {why: 1}


def test_calendars_and_headers_stay() -> None:
    raw = b"List-Unsubscribe: <http://l.example/>\nFrom: a@b.example\nContent-Type: text/calendar\n\nURL:http://evil.example/"
    assert done(raw).raw == raw and not done(raw).left


def test_no_line_gets_too_long_for_mail_servers() -> None:
    long = "http://evil.example/" + "a" * 500
    raw = page(f'<p>{"x" * 900}<a class="y" href="{long}">z</a>{"w" * 50}</p>')
    found = done(raw)
    assert found.links == 1 and max(map(len, found.raw.splitlines())) <= 998
    raw = page(f'<a href="http://evil.example/{"a" * 900}">z</a>')
    assert done(raw).left == {"long-line": 1} and done(raw).raw == raw


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_shipped_mail_stays_the_same_but_for_its_links(path: Path) -> None:
    raw = path.read_bytes()
    restored = rewrite(raw, lambda target: "")
    assert restored.raw == raw
    before = email.message_from_bytes(raw, policy=email.policy.default)
    after = email.message_from_bytes(done(raw).raw, policy=email.policy.default)
    assert before.items() == after.items()
    assert [part.items() for part in before.walk()] == [part.items() for part in after.walk()]


WORDS = st.lists(
    st.sampled_from([
        "<a href=", "<a ", "href=", '"', "'", ">", "<", "/", "=", "&amp;", " ", "\n", "<!--", "-->", "<style>", "</style>", "<svg>",
        "</svg>", "<script>", "</script>", "http://evil.example/x", "//e.example", "#", "\u4e2d", "\x00", "title", "<base href=http://b.example/>",
        "x" * 300, "=3D", "=\n", "www.c.example", "]]>", "<![if x]>", "<!--[if mso]>",
    ]),
    max_size=60,
).map("".join)  # fmt: skip


@given(WORDS, st.sampled_from(["8bit", "base64", "quoted-printable"]), st.booleans())
def test_taking_the_links_out_again_gives_what_was_there(html: str, encoding: str, is_html: bool) -> None:
    kind = "html" if is_html else "plain"
    raw = page(html, encoding, newline="\n").replace(b"text/html", b"text/" + kind.encode())
    before = text_of(raw)
    originals: list[str] = []

    def noted(target: str) -> str:
        originals.append(target)
        return link(target)

    found = rewrite(raw, noted)
    assert found.raw[: found.body_at] == raw[: found.body_at]
    again = rewrite(found.raw, lambda target: "" if target.startswith(MARK) else link(target))
    if not found.left:
        assert again.links == 0, "what was rewritten once is not rewritten again"
    pieces = text_of(found.raw).replace("\n", "").split(MARK)
    at, plain = 0, before.replace("\n", "")
    for number, piece in enumerate(
        pieces
    ):  # Everything between the links stood in the message, in this order.
        rest = piece if number == 0 else piece.partition(".x")[2].removeprefix('"' if is_html else "")
        rest = rest.removesuffix('"') if is_html and number + 1 < len(pieces) else rest
        at = plain.find(rest, at)
        assert at >= 0, rest
        at += len(rest)
    said = [piece.partition(".x")[0] for piece in pieces[1:]]
    assert [unlink(MARK + one + ".x") for one in said] == originals[: len(said)] or found.left


@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    assert isinstance(done(b"From: a@b.example\n" + raw).raw, bytes)


def test_a_header_that_cannot_be_read_hides_nothing_where_the_body_is_known() -> None:
    head = b"From: a@b.example\r\n" + b"X" * 300 + b": 1\r\n\xff\r\nContent-Type: text/html\r\n\r\n"
    raw = head + b'<a href="http://evil.example/">x</a>\r\n'
    found = rewrite(raw, link, body_at=len(head))
    assert found.links == 1 and found.body_at == len(head) and found.raw.startswith(head)


def test_no_more_links_than_can_be_borne_are_rewritten() -> None:
    for kind, one in ((b"html", b"<a href=http://a.example/>"), (b"plain", b"http://a.example/ ")):
        raw = b"From: a@b.example\nContent-Type: text/" + kind + b"\n\n" + (one + b"\n") * 6_000
        found = done(raw)
        assert found.links <= 5_001 and found.left == {"too-many": 1}


def test_a_multipart_without_its_parts_is_the_text_that_readers_see() -> None:
    found = done(
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\nSee http://evil.example/ now\n"
    )
    assert found.raw.endswith(b"See " + link("http://evil.example/").encode() + b" now\n")


def test_parts_nested_deeper_than_anybody_nests_them_are_left() -> None:
    raw = b"From: a@b.example\n"
    for n in range(30):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
    assert done(raw + b"\nhttp://evil.example/\n").left == {"malformed": 1}


def test_a_name_without_a_disposition_hides_no_page() -> None:
    raw = b"From: a@b.example\nContent-Type: text/html; name=a.html\n\n<a href=http://evil.example/>x</a>"
    assert done(raw).links == 1 and not done(raw).left


@pytest.mark.parametrize(
    "body",
    [
        "Content-Type: text/html\n\n<!--\n-----BEGIN PGP MESSAGE-----\n--><a href=http://evil.example/>x</a>",
        "Content-Type: text/plain\n\nsee http://evil.example/ -----BEGIN PGP MESSAGE----- of yours",
    ],
)
def test_words_of_pgp_that_sign_nothing_hide_no_links(body: str) -> None:
    found = done(b"From: a@b.example\n" + body.encode())
    assert found.links == 1 and not found.left


def test_a_long_base_is_not_joined_with_thousands_of_links(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[int] = []

    def join(base: str, value: str) -> str:
        joined.append(len(base))
        return join_url(base, value)

    monkeypatch.setattr(message, "join_url", join)
    base = "http://evil.example/" + "a" * 1_000_000 + "/"
    links = "<a href=y>x</a>" * 1_000 + "<a href=http://evil.example/z>x</a>"
    found = done(page(f'<base href="{base}">{links}'))
    assert sum(joined) <= message.MAX_JOINED + len(base)
    assert found.left["too-many"] > 900
    assert found.links == 1  # The one that is not relative.

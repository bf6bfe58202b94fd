"""Whole messages of letters: MIME, headers of the receiving host, link or button, pictures and files.

The receiving host is always ``HOST``; an evaluation that trusts it (organisation.trusted_hosts) has
SPF, DKIM and DMARC without any network.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from tools.lures import carriers
from tools.lures.letters import LINK, Letter
from tools.lures.origin import token

HOST = "mx.receiver.example"
"""The host whose Authentication-Results count."""

_BUTTONS = {
    "zh": ("点击办理", "立即查看", "进入系统", "点此打开", "详情"),
    "en": ("Open", "Continue", "View document", "Go to the portal", "Read more"),
}
_FILES = {
    "zh": ("通知", "关于发放的通知", "附件1", "明细表", "工资调整说明", "文件"),
    "en": ("notice", "document", "statement", "details", "attachment-1", "memo"),
}
_SALT = "\u200b"


def message(letter: Letter, rng: random.Random) -> bytes:
    """The letter as the bytes of a message that our own host has received."""
    mail = EmailMessage()
    _received(mail, letter, rng)
    local, _, domain = letter.origin.address.partition("@")
    mail["From"] = Address(letter.sender, local, domain)
    mail["To"] = Address("", *letter.reader.address.rsplit("@", 1))
    mail["Subject"] = _salted(letter, rng).replace("\n", " ")
    mail["Date"] = format_datetime(
        datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(minutes=rng.randrange(9_000))
    )
    mail["Message-ID"] = f"<{token(rng, 16)}@{domain}>"
    if letter.origin.list_id:
        mail["List-Id"] = f"<{letter.origin.list_id}>"
    if letter.origin.how == "bulk":
        mail["List-Unsubscribe"] = f"<https://www.{domain}/unsubscribe/{token(rng)}>"
    _body(mail, letter, rng)
    _files(mail, letter, rng)
    for part in mail.walk():
        if part.is_multipart():  # The library's own boundaries are another in every run.
            part.set_boundary(f"=_{token(rng, 24)}")
    return mail.as_bytes()


def _received(mail: EmailMessage, letter: Letter, rng: random.Random) -> None:
    """What our host wrote on top of the message."""
    origin = letter.origin
    helo = f"mail.{origin.domain}" if origin.passes else f"vps{rng.randrange(99)}.hosting.example"
    if origin.list_id:
        results = f"spf=pass smtp.mailfrom=bounces@{origin.list_id}; dkim=fail header.d={origin.domain}; dmarc=none header.from={origin.domain}"
    elif origin.passes:
        results = f"spf=pass smtp.mailfrom={origin.address}; dkim=pass header.d={origin.domain}; dmarc=pass header.from={origin.domain}"
    else:
        results = (
            f"spf=fail smtp.mailfrom={origin.address}; dkim=none; dmarc=fail header.from={origin.domain}"
        )
    mail["Authentication-Results"] = (
        f"{HOST}; {results}"  # above the line of the host that found it (RFC 8601 §4)
    )
    mail["Received"] = (
        f"from {helo} ({helo} [198.51.100.{rng.randrange(2, 250)}]) by {HOST} with ESMTPS; "
        "Mon, 02 Mar 2026 08:00:00 +0000"
    )


def _salted(letter: Letter, rng: random.Random) -> str:
    """The subject; one lure in sixteen salts it with letters that nobody sees."""
    if letter.template.kind == "lure" and rng.random() < 0.06:
        return _SALT.join(letter.subject)
    return letter.subject


def _language(letter: Letter) -> str:
    return "zh" if letter.template.language == "zh" else "en"


def _body(mail: EmailMessage, letter: Letter, rng: random.Random) -> None:
    link = letter.origin.link
    plain = letter.body.replace(LINK, link)
    if letter.carrier == "link" and LINK not in letter.body:
        plain += f"\n{link}"
    as_html = letter.carrier not in ("plain", "none") or rng.random() < 0.3
    mail.set_content(plain or " ", cte="base64")
    if letter.carrier == "picture" and not letter.body:
        coded = letter.template.kind == "lure" or "qr" in letter.template.carriers
        picture = carriers.drawn(letter.inside.replace(LINK, ""), link if coded else "")
        mail.clear_content()
        mail.set_content('<html><body><img src="cid:p1"></body></html>', subtype="html", cte="base64")
        mail.add_related(carriers.jpeg(picture), "image", "jpeg", cid="<p1>")
    elif as_html:
        if rng.random() < 0.4:
            mail.clear_content()
            mail.set_content(_html(letter, rng), subtype="html", cte="base64")
        else:
            mail.add_alternative(_html(letter, rng), subtype="html", cte="base64")


def _html(letter: Letter, rng: random.Random) -> str:
    link = letter.origin.link
    caption = rng.choice((*_BUTTONS[_language(letter)], link)) if letter.carrier == "link" else link
    anchor = f'<a href="{escape(link)}">{escape(caption)}</a>'
    lines = [escape(line).replace(LINK, anchor) for line in letter.body.splitlines()]
    if letter.carrier == "link" and LINK not in letter.body:
        lines.append(anchor)
    if letter.carrier in ("qr", "picture"):
        lines.append('<img src="cid:code1" width="200">')
    hidden = ""
    if rng.random() < (0.07 if letter.template.kind == "lure" else 0.3 * (letter.origin.how == "bulk")):
        filler = " ".join(token(rng, rng.randrange(3, 9)) for _ in range(90))
        hidden = f'<div style="display:none;font-size:0">{filler}</div>'
    inner = "".join(f"<p>{line}</p>" for line in lines)
    if rng.random() < 0.4:
        inner = f'<table width="600"><tr><td style="padding:20px">{inner}</td></tr></table>'
    return f"<html><body>{hidden}{inner}</body></html>"


def _files(mail: EmailMessage, letter: Letter, rng: random.Random) -> None:
    """Attaches what the carrier needs."""
    name = rng.choice(_FILES[_language(letter)])
    link, inside = letter.origin.link, letter.inside.replace(LINK, letter.origin.link)
    lure = letter.template.kind == "lure"
    inside = inside or f"{letter.subject}\n{letter.reader.organisation}"
    goal = link if lure or letter.template.carriers == ("qr",) else ""
    payload, shown = (goal, "") if letter.scanned else ("", goal)
    match letter.carrier:
        case "pdf":
            _attach(mail, carriers.pdf(inside, shown, payload), "application/pdf", f"{name}.pdf")
        case "docx":
            kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            _attach(mail, carriers.docx(inside, shown, payload), kind, f"{name}.docx")
        case "qr" | "picture" if letter.body:
            coded = (
                letter.carrier == "qr" or letter.template.kind == "lure" or "qr" in letter.template.carriers
            )
            image = (
                carriers.code_image(link, rng.choice((4, 5, 7))) if coded else carriers.drawn(letter.subject)
            )
            picture = carriers.png(image)
            mail.make_mixed()
            mail.add_attachment(
                picture, "image", "png", cid="<code1>", filename="image001.png", disposition="inline"
            )
        case "archive":
            _archive(mail, letter, name, rng)
        case "program":
            packed = carriers.archive(
                f"{name}.{rng.choice(('exe', 'scr', 'js', 'lnk'))}", carriers.program(rng)
            )
            _attach(mail, packed, "application/zip", f"{name}.zip")
        case "page":
            _attach(mail, carriers.login_page(link, letter.subject, rng), "text/html", f"{name}.html")


def _archive(mail: EmailMessage, letter: Letter, name: str, rng: random.Random) -> None:
    """A locked archive: a program or a document in a lure, a document in honest mail."""
    if letter.template.kind == "lure" and letter.template.category == "malware-file":
        inner, content = f"{name}.{rng.choice(('exe', 'scr', 'js'))}", carriers.program(rng)
    else:
        link = letter.origin.link if letter.template.kind == "lure" else ""
        inner, content = f"{name}.docx", carriers.docx(letter.subject, link)
    _attach(mail, carriers.archive(inner, content, letter.code), "application/zip", f"{name}.zip")


def _attach(mail: EmailMessage, content: bytes, kind: str, filename: str) -> None:
    main, _, sub = kind.partition("/")
    mail.add_attachment(content, maintype=main, subtype=sub, filename=filename)

"""Rules for notices: the mail administration, personnel, finance or an authority writes, and it is somebody else.

The words of the docstrings are those of ``lures.py``; a "strange" link is one of ``Reading.strange``.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message import links
from mailrisk.analyse.message.claimed import claims_own
from mailrisk.analyse.message.intent import ASKS
from mailrisk.analyse.message.lures import PARTLY
from mailrisk.analyse.message.reading import Reading
from mailrisk.model.authority import is_authority
from mailrisk.model.evidence import Evidence

_STAFF = ("from-hr", "from-finance", "from-it", "from-mail-admin")
_AUTHORITIES = ("from-government", "from-tax", "from-police")
_STATE = ("from-government", "from-tax", "from-hr", "from-finance", "from-police")


def mailbox_notice(reading: Reading) -> Iterator[Evidence]:
    """A notice about the reader's mailbox, not from the reader's organisation, with a link off its domain.

    * mailbox-quota holds with >= 1.5, or asks-credential with >= 1.0 and the sender claims to be the
      mail administration, the IT service or the reader's own organisation;
    * the author is not inside the organisation (or a strange link leads away from it, or a form service is to take the
      password: a stolen mailbox, then partly) and the author's domain is no brand's;
    * an offending link or an attached page that asks for something; and asks-credential, asks-open, threat or
      urgency holds behind a foreign link or such a page, or the mail administration or the reader's organisation is
      claimed.
    In full if the link is foreign or a page is attached, and one of those intents holds; else (a provider
    that writes from and links to its own domain) partly.
    """
    who = reading.who
    admin = next(
        (who.departments[label] for label in ("from-mail-admin", "from-it") if label in who.departments), ""
    )
    own = claims_own(reading.view, who)
    quota = reading.intents.has("mailbox-quota", least=1.5)
    asks = reading.intents.has("asks-credential", least=1.0) and bool(admin or own)
    if not (quota or asks) or who.genuine or reading.view.knowledge.brands.owners(who.author):
        return
    if who.inside and not (reading.strange or (quota and _password_in_form(reading))):
        return
    if not reading.offending and not reading.active_page:
        return
    pushes = reading.intents.has("asks-credential", "asks-open", "threat", "urgency")
    if not (admin or own or (pushes and (reading.foreign or reading.active_page))):
        return
    strong = (bool(reading.foreign) or reading.active_page) and pushes and not who.inside
    yield reading.convict(
        code="mailbox-notice-impersonation",
        value=1.0 if strong else PARTLY,
        items=reading.foreign or reading.offending,
        data={"claimed": own or admin or "mailbox", "own": own},
    )


def _password_in_form(reading: Reading) -> bool:
    """Credentials are asked for, for certain or under a threat, and a form service is to take them, as nobody's does."""
    forms = [item for item in reading.offending if links.on_document_service(reading.view, item)]
    wants = reading.intents
    threatened = wants.has("asks-credential", least=1.0) and wants.has("threat", least=1.0)
    return bool(forms) and (threatened or wants.has("asks-credential", least=3.0))


def account_notice(reading: Reading) -> Iterator[Evidence]:
    """A notice that an account is blocked or must be confirmed, of a platform or bank without a known name.

    * asks-credential or asks-card holds with >= 1.5, and threat, urgency or asks-open holds;
    * the sender claims a department that blocks accounts (bank, platform, IT, police, tax);
    * a foreign link; the author is neither inside nor a brand's, and no link leads to the author's own site.
    In full if the author is unreliable; else partly.
    """
    who = reading.who
    claimed = [
        label
        for label in ("from-bank", "from-platform", "from-it", "from-police", "from-tax")
        if label in who.departments
    ]
    asks = reading.intents.has("asks-credential", "asks-card", least=1.5)
    pushes = reading.intents.has("threat", "urgency", "asks-open")
    if not asks or not pushes or who.inside or who.genuine or not reading.foreign or reading.goes_home:
        return
    if claimed or reading.unreliable:
        value = 1.0 if claimed and reading.unreliable else PARTLY
        data = {"claimed": who.departments[claimed[0]] if claimed else "account"}
        yield reading.convict(
            code="account-notice-impersonation", value=value, items=reading.foreign, data=data
        )


def staff_notice(reading: Reading) -> Iterator[Evidence]:
    """ "Personnel", "finance" or an authority writes from elsewhere and wants something opened or filled in.

    * the sender's name, subject or signature claims such a department, or the own organisation;
    * subsidy, document-share, invoice or tax holds with >= 1.0, or an authority threatens; and an asking intent
      holds, or an offending link stands in a code;
    * the author is no brand's and no authority's;
    * either he is unreliable and not inside, and a foreign link or an attached page with a form or script is there:
      in full; or a strange link is there: in full if subsidy holds and asks-scan, asks-card or asks-credential does, and
      he is not inside; else partly, and from inside (a stolen mailbox) only with such a request, a threat or a hush.
    """
    who, wants = reading.who, reading.intents
    claimed = next(
        (who.departments[label] for label in (*_STAFF, *_STATE) if label in who.departments), ""
    ) or claims_own(reading.view, who)
    authority = any(label in who.departments for label in _AUTHORITIES)
    lure = wants.has("subsidy", "document-share", "invoice", "tax", least=1.0) or (
        authority and wants.has("threat")
    )
    if (
        not claimed
        or not lure
        or who.genuine
        or _is_known(reading)
        or not (wants.has(*ASKS) or reading.scanned)
    ):
        return
    data = {"claimed": claimed}
    if not who.inside and reading.unreliable and (reading.foreign or reading.active_page):
        yield reading.convict(code="department-impersonation", items=reading.foreign, data=data)
    elif reading.strange:
        sharp = reading.scanned or wants.has("asks-scan", "asks-card", "asks-credential")
        if who.inside and not (sharp or wants.has("threat", "secrecy")):
            return
        value = 1.0 if sharp and wants.has("subsidy", least=1.0) and not who.inside else PARTLY
        yield reading.convict(code="department-impersonation", value=value, items=reading.strange, data=data)


def _is_known(reading: Reading) -> bool:
    """The author's domain is an authority's or a brand's."""
    author = reading.who.author
    return is_authority(author) or bool(reading.view.knowledge.brands.owners(author))


def subsidy_lure(reading: Reading) -> Iterator[Evidence]:
    """Money from the state or the employer is to be fetched by scanning, or by typing in card data.

    * subsidy holds with >= 1.5;
    * asks-scan, asks-card or asks-credential holds, or an offending link stands in a code (asks-open too if secrecy
      or threat holds);
    * a QR code, a picture, an offending link or an attachment carries the request;
    * the author is not inside the organisation; or is, but the mail asks for card data or for silence and
      a link or code leads outside, or a strange one does (a stolen mailbox; the latter partly);
    * the author's domain is no brand's, and no authority's (``gov.cn``).
    In full if it also comes in the name of a department or authority, or threatens, or wants silence or card
    data; else partly.
    """
    who, wants = reading.who, reading.intents
    asks = (
        reading.scanned
        or wants.has("asks-scan", "asks-card", "asks-credential")
        or (wants.has("asks-open") and wants.has("secrecy", "threat"))
    )
    attached = any(part.filename for part in reading.view.message.parts)
    carried = reading.offending or reading.has_picture or reading.active_page or attached
    if not wants.has("subsidy", least=1.5) or not asks or not carried or who.genuine:
        return
    if _is_known(reading):
        return
    sharp = wants.has("asks-card", "secrecy")
    if who.inside and not ((sharp and reading.offending) or reading.strange):
        return
    named = any(label in who.departments for label in _STATE) or bool(who.claims)
    strong = sharp or ((wants.has("threat") or named) and not who.inside)
    yield reading.convict(code="subsidy-lure", value=1.0 if strong else PARTLY, items=reading.offending)


RULES = (mailbox_notice, account_notice, staff_notice, subsidy_lure)

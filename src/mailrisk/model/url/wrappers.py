"""The table of link wrappers: which host and path wraps a link, and how to get it out again.

``host`` holds for itself and all hosts below it; ``google.*`` for Google under every suffix. ``path``
is a prefix of the path. Rules are tried in this order; the first that decodes wins, and the first
that fits names the wrapper when none decodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from mailrisk.model.url.canonical import Url
from mailrisk.model.url.rewritten import (
    Decoder,
    amp,
    bing,
    opaque,
    param,
    proofpoint_v1,
    proofpoint_v2,
    proofpoint_v3,
    raw_query,
    tail_param,
    tail_path,
    translated_host,
    underscored,
    yahoo,
)


class Wrapper(NamedTuple):
    """One way of wrapping a link."""

    name: str
    host: str
    path: str
    decode: Decoder


WRAPPERS: Final = (
    # Link-rewriting mail gateways
    Wrapper("safe-links", "safelinks.protection.outlook.com", "/", param("url")),
    Wrapper("safe-links", "safelinks.protection.office365.us", "/", param("url")),
    Wrapper("safe-links", "safelinks.protection.partner.outlook.cn", "/", param("url")),
    Wrapper("safe-links", "statics.teams.cdn.office.net", "/evergreen-assets/safelinks/", param("url")),
    Wrapper("urldefense-v1", "urldefense.proofpoint.com", "/v1/", proofpoint_v1),
    Wrapper("urldefense-v2", "urldefense.proofpoint.com", "/v2/", proofpoint_v2),
    Wrapper("urldefense-v3", "urldefense.proofpoint.com", "/v3/", proofpoint_v3),
    Wrapper("urldefense-v1", "urldefense.com", "/v1/", proofpoint_v1),
    Wrapper("urldefense-v2", "urldefense.com", "/v2/", proofpoint_v2),
    Wrapper("urldefense-v3", "urldefense.com", "/v3/", proofpoint_v3),
    Wrapper("urldefense-v2", "urldefense.us", "/v2/", proofpoint_v2),
    Wrapper("urldefense-v3", "urldefense.us", "/v3/", proofpoint_v3),
    Wrapper("proofpoint-isolation", "urlisolation.com", "/", param("url")),
    Wrapper("proofpoint-isolation", "proofpointisolation.com", "/", param("url")),
    Wrapper("mimecast", "mimecastprotect.com", "/", opaque),
    Wrapper("mimecast", "protect.mimecast.com", "/", opaque),
    *(
        Wrapper("mimecast", f"protect-{region}.mimecast.com", "/", opaque)
        for region in ("us", "usb", "eu", "de", "uk", "au", "za", "ca")
    ),
    Wrapper("barracuda", "linkprotect.cudasvc.com", "/", param("a", "url")),
    Wrapper("symantec", "clicktime.symantec.com", "/", param("u")),
    Wrapper("symantec", "clicktime.cloud.postoffice.net", "/", param("u")),
    Wrapper("trend-micro", "trendmicro.com", "/wis/clicktime/", param("url")),
    Wrapper("trend-micro", "ctp.trendmicro.com", "/", param("url")),
    Wrapper("cisco", "secure-web.cisco.com", "/", tail_path),
    Wrapper("sophos", "protection.sophos.com", "/", param("u")),
    Wrapper("trellix", "protect2.fireeye.com", "/", param("u")),
    Wrapper("trellix", "url-protection.com", "/", param("u")),
    Wrapper("check-point", "protect.checkpoint.com", "/", underscored),
    Wrapper("check-point", "avanan.click", "/", underscored),
    Wrapper("edgepilot", "link.edgepilot.com", "/", param("u")),
    Wrapper("intermedia", "emailprotection.link", "/", opaque),
    Wrapper("titan", "linklock.titanhq.com", "/", param("url")),
    Wrapper("vade", "antiphishing.vadesecure.com", "/", param("u", "url")),
    Wrapper("hornet", "atpscan.global.hornetsecurity.com", "/", param("url", "u")),
    Wrapper("vipre", "mailanyone.net", "/", opaque),
    Wrapper("libraesva", "urlsand.esvalabs.com", "/", param("u")),
    Wrapper("libraesva", "urlsand.com", "/", param("u")),
    Wrapper("trustwave", "scanmail.trustwave.com", "/", param("u")),
    Wrapper("trustwave", "mailmarshal.cloud", "/", param("u")),
    Wrapper("forcepoint", "jmp.mailcontrol.com", "/", opaque),
    Wrapper("inky", "shared.outlook.inky.com", "/", opaque),
    Wrapper("mailprotector", "url.mailprotector.com", "/", opaque),
    Wrapper("menlo", "menlosecurity.com", "/", tail_path),
    # China: mail, messengers, communities
    Wrapper("qq-mail", "mail.qq.com", "/cgi-bin/mail_spam", param("url")),
    Wrapper("qq-mail", "mail.qq.com", "/cgi-bin/readtemplate", param("url", "gourl")),
    Wrapper("qq-mail", "exmail.qq.com", "/cgi-bin/", param("url", "gourl")),
    Wrapper("qq", "c.pc.qq.com", "/", param("pfurl", "url")),
    Wrapper("qq", "urlsec.qq.com", "/", param("url")),
    Wrapper("qq-docs", "docs.qq.com", "/scenario/link.html", param("url")),
    Wrapper("wechat", "weixin110.qq.com", "/", param("url", "rawurl")),
    Wrapper("netease-mail", "r.mail.163.com", "/", param("url")),
    Wrapper("netease-mail", "mail.163.com", "/", param("url", "targeturl")),
    Wrapper("netease-mail", "qiye.163.com", "/", param("url", "targeturl")),
    Wrapper("zhihu", "link.zhihu.com", "/", param("target")),
    Wrapper("csdn", "link.csdn.net", "/", param("target")),
    Wrapper("juejin", "link.juejin.cn", "/", param("target")),
    Wrapper("jianshu", "jianshu.com", "/go-wild", param("url")),
    Wrapper("jianshu", "links.jianshu.com", "/", param("to")),
    Wrapper("jianshu", "link.jianshu.com", "/", param("t", "to")),
    Wrapper("gitee", "gitee.com", "/link", param("target")),
    Wrapper("oschina", "oschina.net", "/action/GoToLink", param("url")),
    Wrapper("douban", "douban.com", "/link2/", param("url")),
    Wrapper("weibo", "weibo.cn", "/sinaurl", param("u", "toasturl")),
    Wrapper("weibo", "weibo.com", "/sinaurl", param("u", "toasturl")),
    Wrapper("yuque", "yuque.com", "/r/goto", param("url")),
    Wrapper("feishu", "security.feishu.cn", "/link/", param("target")),
    Wrapper("kdocs", "kdocs.cn", "/office/link", param("target")),
    Wrapper("shimo", "shimo.im", "/outlink/", param("url")),
    Wrapper("infoq", "infoq.cn", "/link", param("target")),
    Wrapper("segmentfault", "link.segmentfault.com", "/", param("url", "target")),
    Wrapper("baidu", "baidu.com", "/link", opaque),
    Wrapper("baidu", "bdimg.com", "/safecheck/", opaque),
    Wrapper("sogou", "sogou.com", "/link", opaque),
    # Search, advertising and social redirectors
    Wrapper("google", "google.*", "/url", param("q", "url")),
    Wrapper("google", "google.*", "/aclk", tail_param("adurl")),
    Wrapper("google-amp", "google.*", "/amp/", amp),
    Wrapper("google-translate", "translate.google.com", "/", param("u")),
    Wrapper("google-translate", "translate.goog", "/", translated_host),
    Wrapper("google-amp", "cdn.ampproject.org", "/", amp),
    Wrapper("google-ads", "googleadservices.com", "/", tail_param("adurl")),
    Wrapper("google-ads", "g.doubleclick.net", "/", tail_param("adurl")),
    Wrapper("google-ads", "doubleclick.net", "/", tail_path),
    Wrapper("google-ads", "ad.doubleclick.net", "/", raw_query),
    Wrapper("google-weblight", "googleweblight.com", "/", param("u", "lite_url")),
    Wrapper("bing", "bing.com", "/ck/", bing),
    Wrapper("bing", "bing.com", "/newtabredir", param("url")),
    Wrapper("yahoo", "search.yahoo.com", "/", yahoo),
    Wrapper("duckduckgo", "duckduckgo.com", "/l/", param("uddg")),
    Wrapper("yandex", "yandex.ru", "/clck/", tail_path),
    Wrapper("facebook", "facebook.com", "/l.php", param("u")),
    Wrapper("facebook", "facebook.com", "/flx/warn/", param("u")),
    Wrapper("instagram", "l.instagram.com", "/", param("u")),
    Wrapper("threads", "l.threads.net", "/", param("u")),
    Wrapper("messenger", "l.messenger.com", "/", param("u")),
    Wrapper("linkedin", "linkedin.com", "/redir/", param("url")),
    Wrapper("linkedin", "linkedin.com", "/safety/go", param("url")),
    Wrapper("linkedin", "linkedin.com", "/slink", opaque),
    Wrapper("youtube", "youtube.com", "/redirect", param("q")),
    Wrapper("youtube", "youtube.com", "/attribution_link", param("u")),
    Wrapper("tumblr", "t.umblr.com", "/redirect", param("z")),
    Wrapper("vk", "vk.com", "/away", param("to")),
    Wrapper("slack", "slack-redir.net", "/link", param("url")),
    Wrapper("steam", "steamcommunity.com", "/linkfilter", param("url", "u")),
    Wrapper("soundcloud", "gate.sc", "/", param("url")),
    Wrapper("soundcloud", "exit.sc", "/", param("url")),
    Wrapper("href-li", "href.li", "/", raw_query),
    Wrapper("anonym-to", "anonym.to", "/", raw_query),
    Wrapper("dereferer", "dereferer.org", "/", raw_query),
    Wrapper("archive", "web.archive.org", "/web/", tail_path),
    Wrapper("rakuten", "click.linksynergy.com", "/", param("murl")),
    Wrapper("awin", "awin1.com", "/", param("ued", "p")),
    Wrapper("skimlinks", "go.skimresources.com", "/", param("url")),
    Wrapper("impact", "sjv.io", "/", param("u")),
    Wrapper("impact", "pxf.io", "/", param("u")),
)

OWN_HOST: Final = (
    Wrapper("fortimail", "", "/fmlurlsvc/", param("url")),
    Wrapper("trend-micro", "", "/wis/clicktime/", param("url")),
)
"""Gateways that rewrite to the customer's own host and are known by their path alone; on any other host
that path could be an attacker's, who would hide behind the harmless target he names."""

OWN_HOST_PATHS: Final = tuple(wrapper.path for wrapper in OWN_HOST)

_BY_HOST: Final[dict[str, tuple[Wrapper, ...]]] = {
    host: tuple(wrapper for wrapper in WRAPPERS if wrapper.host == host)
    for host in {wrapper.host for wrapper in WRAPPERS}
}
_TAILS: Final = frozenset(".".join(host.split(".")[-2:]) for host in _BY_HOST)
_GOOGLE = re.compile(r"(?:.*\.)?google\.(?:com|(?:com?\.)?[a-z]{2})")


def may_wrap(host: str) -> bool:
    """Whether a wrapper may live on ``host``: False says that :func:`fitting` finds none."""
    return host[host.rfind(".", 0, host.rfind(".")) + 1 :] in _TAILS or "google." in host


def fitting(url: Url) -> Iterator[Wrapper]:
    """The wrappers that ``url`` may be a link of, the most specific host first."""
    name, path = url.host, url.path
    while name:
        for wrapper in _BY_HOST.get(name, ()):
            if path.startswith(wrapper.path):
                yield wrapper
        name = name.partition(".")[2]
    if "google." in url.host and _GOOGLE.fullmatch(url.host):
        for wrapper in _BY_HOST["google.*"]:
            if path.startswith(wrapper.path):
                yield wrapper

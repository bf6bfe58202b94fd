"""What answers at ``/``: for somebody with a browser, that the service runs and how it is asked; for a program, the same as JSON.

No key is needed, and nothing is told that ``/readyz`` and the OpenAPI document do not tell everybody.
"""

from __future__ import annotations

import html
from string import Template
from typing import Any, Final

from litestar import Response, get

from mailrisk import __version__
from mailrisk.listen.http.pages import SAFE, AnyRequest, reads_chinese, shown
from mailrisk.service.check_url import stale

_PAGE: Final = Template(
    """<!DOCTYPE html>
<html lang="$lang"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark"><title>mailrisk</title>
<style>body{font:16px/1.6 system-ui,sans-serif;margin:8vh auto;max-width:46em;padding:0 1em}
h1{font-size:1.5em;border-left:.3em solid $colour;padding-left:.6em}
pre{overflow-x:auto;padding:.8em;border:1px solid #8888;border-radius:.3em}small{opacity:.8}</style></head>
<body><h1>mailrisk</h1><p>$what</p><p><strong>$state</strong></p><p>$ask</p>
<pre>curl -H "X-API-Key: $$KEY" -d '{"urls": ["https://example.org/"]}' \\
  $base/api/v1/urls:check</pre><p>$key</p>
<ul><li><a href="/api/v1/openapi.json">$api</a></li><li><a href="/readyz">$ready</a></li></ul>
<p><small>mailrisk $version</small></p></body></html>
"""
)

_WORDS: Final = {
    "what": (
        "Is this URL, domain, IP address or message dangerous, since when, and why? This server answers, with reasons.",
        "这个网址、域名、IP 地址或邮件有危险吗？从何时起？为什么？本服务器给出答复和理由。",
    ),
    "ask": ("Ask it like this:", "查询方法："),
    "key": (
        (
            "The first key is in <code>admin.key</code> in the data directory; <code>mailrisk key issue</code> makes others. "
            "<code>mailrisk status</code> on the server tells what it knows and how fresh that is."
        ),
        (
            "首个密钥位于数据目录的 <code>admin.key</code> 文件中；其他密钥用 <code>mailrisk key issue</code> 签发。"
            "在服务器上运行 <code>mailrisk status</code>，可查看已掌握的情报及其新旧。"
        ),
    ),
    "api": ("The HTTP API as an OpenAPI document", "HTTP 接口说明（OpenAPI 文档）"),
    "ready": ("Whether it can answer now, for monitoring", "供监控使用的就绪状态"),
}
_READY: Final = ("It runs, and its lists are fresh.", "服务运行正常，名单为最新。", "#2e7d32")
_STALE: Final = (
    "It runs, but its lists are too old: what it does not know it answers as unknown.",
    "服务在运行，但名单已过旧：查不到的内容一律答复“未知”。",
    "#c77700",
)


@get("/", sync_to_thread=True, include_in_schema=False)
def start(request: AnyRequest) -> Response[Any]:
    """The page, or JSON for whoever does not ask for HTML."""
    is_stale = stale(request.app.state.context)
    if "text/html" in request.headers.get("accept", ""):
        answer: Response[Any] = shown(
            _page(str(request.base_url), is_stale=is_stale, chinese=reads_chinese(request)), 200
        )
    else:
        links = {"openapi": "/api/v1/openapi.json", "ready": "/readyz"}
        state = "stale" if is_stale else "ready"
        answer = Response(
            {"name": "mailrisk", "version": __version__, "status": state, "links": links}, headers=SAFE
        )
    answer.set_header("Vary", "Accept, Accept-Language")
    return answer


def _page(base: str, *, is_stale: bool, chinese: bool) -> str:
    """The page. ``base``: the address at which the client asked for it, which anybody may make up."""
    at = 1 if chinese else 0
    state = _STALE if is_stale else _READY
    return _PAGE.substitute(
        lang=("en", "zh")[at], colour=state[2], state=state[at], version=__version__,
        base=html.escape(base.rstrip("/")), **{name: words[at] for name, words in _WORDS.items()},
    )  # fmt: skip


ROUTES = [start]

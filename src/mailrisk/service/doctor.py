"""What is wrong with an installation, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from mailrisk.service.check_url import list_age, stale
from mailrisk.service.context import Context
from mailrisk.service.login_shares import LoginShares
from mailrisk.service.status import FeedStatus, feed_status

BUSY_SHARE: Final = 0.2
"""Share of all successful logins from which an address is probably one that logs in for others."""

LEAST_LOGINS: Final = 100
FEED_TOO_OLD_S: Final = 3 * 86_400


class Grade(StrEnum):
    """How bad it is."""

    ERROR = "error"  # something does not work, or a secret lies open
    WARNING = "warning"  # it works, and worse than it could


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One finding: what is wrong and what to do, in both languages."""

    check: str
    grade: Grade
    text: str
    text_zh: str
    todo: str
    todo_zh: str


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about the installation beside the stores."""

    organisation: bool = True  # its domains are configured
    watches_logins: bool = False
    shares: LoginShares | None = None
    missing: tuple[tuple[str, str, str], ...] = ()  # (module, Debian packages, what does not work)
    readable: tuple[tuple[str, str], ...] = ()  # (file with a secret, mode) that others may read
    model_error: str = ""  # of the configured language model


def examine(context: Context, setup: Setup) -> list[Advice]:
    """Every finding, errors first; none when all is well."""
    found = [
        *_secrets(setup),
        *_libraries(setup),
        *_index(context),
        *_feeds(context),
        *_logins(context, setup),
        *_model(setup),
    ]
    if not setup.organisation:
        found.append(
            Advice(
                check="organisation-domains",
                grade=Grade.WARNING,
                text="organisation.domains is empty: who imitates your own house cannot be told from it",
                text_zh="organisation.domains 为空：无法识别冒充本单位的邮件",
                todo='Put your domains into the configuration: [organisation] domains = ["example.org"]',
                todo_zh='在配置文件中写入本单位域名：[organisation] domains = ["example.org"]',
            )
        )
    return sorted(found, key=lambda advice: advice.grade is not Grade.ERROR)


def _secrets(setup: Setup) -> Iterator[Advice]:
    for path, mode in setup.readable:
        yield Advice(
            check="secret-readable",
            grade=Grade.ERROR,
            text=f"{path} holds a secret, and others may read or change it (mode {mode})",
            text_zh=f"{path} 含有密钥，但其他用户可以读取或修改（权限 {mode}）",
            todo=f"chmod go= {path}",
            todo_zh=f"执行 chmod go= {path}",
        )


def _libraries(setup: Setup) -> Iterator[Advice]:
    for module, packages, effect in setup.missing:
        yield Advice(
            check="library-missing",
            grade=Grade.WARNING,
            text=f"{module} cannot be loaded: {effect}",
            text_zh=f"无法加载 {module}，相关文件将不会被解析",
            todo=f"apt install {packages}, or install mailrisk's requirements again",
            todo_zh=f"执行 apt install {packages}，或重新安装 mailrisk 的依赖",
        )


def _index(context: Context) -> Iterator[Advice]:
    if not stale(context):
        return
    age = list_age(context)
    minutes = "?" if age is None else str(int(age.total_seconds() // 60))
    yield Advice(
        check="index-stale",
        grade=Grade.ERROR,
        text=f"The look-up index last agreed with the ledger {minutes} minutes ago: answers are unknown",
        text_zh=f"查询索引已有 {minutes} 分钟未与账本同步，查询结果只能为“未知”",
        todo="Start `mailrisk serve`, and look into its log if it runs",
        todo_zh="启动 mailrisk serve；若已在运行，请检查其日志",
    )


def _feeds(context: Context) -> Iterator[Advice]:
    feeds = feed_status(context)
    for feed in feeds:
        if feed.enabled and feed.failures:
            yield _failing(feed)
        elif feed.enabled and feed.age_s is not None and feed.age_s > FEED_TOO_OLD_S:
            days = feed.age_s // 86_400
            yield Advice(
                check="feed-old",
                grade=Grade.WARNING,
                text=f"The feed {feed.name} was last heard of {days} days ago",
                text_zh=f"情报源 {feed.name} 已有 {days} 天没有更新",
                todo=f"mailrisk feed fetch {feed.name}; fetching on schedule needs `mailrisk serve`",
                todo_zh=f"执行 mailrisk feed fetch {feed.name}；定时拉取需要运行 mailrisk serve",
            )
    if not any(feed.imports for feed in feeds):
        yield Advice(
            check="no-feed",
            grade=Grade.WARNING,
            text="No feed was ever imported: nothing is known beside what is seen here",
            text_zh="尚未导入任何情报源：除本地所见外没有其他情报",
            todo="mailrisk feed fetch, or start `mailrisk serve`, which fetches on schedule",
            todo_zh="执行 mailrisk feed fetch，或启动 mailrisk serve 定时拉取",
        )


def _failing(feed: FeedStatus) -> Advice:
    return Advice(
        check="feed-failing",
        grade=Grade.WARNING,
        text=f"The feed {feed.name} failed {feed.failures} times in a row: {feed.last_error[:200]}",
        text_zh=f"情报源 {feed.name} 连续失败 {feed.failures} 次：{feed.last_error[:200]}",
        todo=f"mailrisk feed fetch {feed.name} says why; feeds.disable takes it out",
        todo_zh=f"执行 mailrisk feed fetch {feed.name} 查看原因；用 feeds.disable 停用该情报源",
    )


def _logins(context: Context, setup: Setup) -> Iterator[Advice]:
    """An address that carries a large share of all logins is a front end that nobody has named."""
    trusted, shares = context.knowledge.trusted_frontends, setup.shares
    known = shares.shares if shares is not None and shares.logins >= LEAST_LOGINS else ()
    busy = [one for one in known if one.share > BUSY_SHARE and one.ip not in trusted]
    for one in busy:
        share = f"{100 * one.share:.0f}"
        yield Advice(
            check="busy-address",
            grade=Grade.WARNING,
            text=f"{one.ip} carries {share} % of all successful logins: it probably logs in for others",
            text_zh=f"{one.ip} 承载了 {share}% 的成功登录，很可能是代他人登录的前端",
            todo=f'If it is webmail, a proxy or a load balancer: [login] trusted_frontends = ["{one.ip}"]',
            todo_zh=f'若为 Webmail、代理或负载均衡，请配置：[login] trusted_frontends = ["{one.ip}"]',
        )
    if setup.watches_logins and not trusted and not busy:
        yield Advice(
            check="no-trusted-frontends",
            grade=Grade.WARNING,
            text="Logins are watched and login.trusted_frontends is empty: webmail would be judged as one attacker",
            text_zh="正在监测登录，但 login.trusted_frontends 为空：Webmail 可能被误判为攻击者",
            todo="Name the addresses of webmail, proxies and load balancers there, if there are any",
            todo_zh="如有 Webmail、代理或负载均衡，请在该项中填写其地址",
        )


def _model(setup: Setup) -> Iterator[Advice]:
    if setup.model_error:
        yield Advice(
            check="language-model",
            grade=Grade.ERROR,
            text=f"The configured language model gives no usable answer: {setup.model_error[:200]}",
            text_zh=f"已配置的大模型没有给出可用的回答：{setup.model_error[:200]}",
            todo="mailrisk llm test shows more; check llm.url, llm.model and MAILRISK_LLM_KEY",
            todo_zh="执行 mailrisk llm test 查看详情；检查 llm.url、llm.model 和 MAILRISK_LLM_KEY",
        )

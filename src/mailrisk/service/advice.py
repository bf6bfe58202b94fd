"""What ``doctor`` says: every finding with what to do about it, in both languages."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from mailrisk.chinese.sentences import problem


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


class Wording(NamedTuple):
    """The words of a check; ``{names}`` are filled in."""

    grade: Grade
    text: str
    text_zh: str
    todo: str
    todo_zh: str


WORDINGS: Final = {
    "organisation-domains": Wording(
        Grade.WARNING,
        "organisation.domains is empty: who imitates your own house cannot be told from it",
        "organisation.domains 为空：无法识别冒充本单位的邮件",
        'Put your domains into the configuration: [organisation] domains = ["example.org"]',
        '在配置文件中写入本单位域名：[organisation] domains = ["example.org"]',
    ),
    "secret-readable": Wording(
        Grade.ERROR,
        "{path} holds a secret, and others may read or change it (mode {mode})",
        "{path} 含有密钥，但其他用户可以读取或修改（权限 {mode}）",
        "chmod go= {path}",
        "执行 chmod go= {path}",
    ),
    "library-missing": Wording(
        Grade.WARNING,
        "{module} cannot be loaded: {effect}",
        "无法加载 {module}，相关文件将不会被解析",
        "apt install {packages}, or install mailrisk's requirements again",
        "执行 apt install {packages}，或重新安装 mailrisk 的依赖",
    ),
    "dns-lists": Wording(
        Grade.ERROR,
        "The lists over DNS at {listen} cannot be used: {error}",
        "{listen} 上的 DNS 名单无法使用：{error}",
        "Start `mailrisk serve` and look into its log; SERVFAIL means that it has lost contact to its ledger",
        "启动 mailrisk serve 并检查其日志；SERVFAIL 表示它已与账本失去联系",
    ),
    "rbldnsd-files": Wording(
        Grade.ERROR,
        "The files for rbldnsd in {folder} are missing or too old, and rbldnsd refuses to answer from old ones: {error}",
        "{folder} 中供 rbldnsd 使用的文件缺失或过旧，rbldnsd 会拒绝使用过旧的文件：{error}",
        "Start `mailrisk serve`; its user must be allowed to write there, and rbldnsd's to read",
        "启动 mailrisk serve；其用户须能写入该目录，rbldnsd 的用户须能读取",
    ),
    "lists": Wording(
        Grade.ERROR,
        "A firewall that asks {listen} for a list gets none: {error}",
        "防火墙向 {listen} 请求名单时未能获取：{error}",
        "503 means that contact to the ledger was lost, 401 that the key is not known; the log of `mailrisk serve` says more",
        "503 表示与账本失去联系，401 表示密钥无效；详见 mailrisk serve 的日志",
    ),
    "bouncer-silent": Wording(
        Grade.WARNING,
        "The bouncer {bouncer} has not asked for decisions for {minutes} minutes: what was listed since is not blocked there",
        "拦截器 {bouncer} 已有 {minutes} 分钟没有请求封禁决定：此后收录的地址在该处不会被拦截",
        "Look at its service and log on that machine; if it was taken out of service, revoke its key",
        "检查该机器上拦截器的服务与日志；若已停用，请吊销其密钥",
    ),
    "agent-log": Wording(
        Grade.ERROR,
        "The agent cannot read {log}: {error}",
        "agent 无法读取 {log}：{error}",
        "Name the right file under [agent] logs, and let the agent's user read it (SupplementaryGroups=adm)",
        "在 [agent] logs 中写入正确的文件，并允许 agent 的用户读取（SupplementaryGroups=adm）",
    ),
    "agent-server": Wording(
        Grade.ERROR,
        "The agent cannot ask {server}: {error}",
        "agent 无法查询 {server}：{error}",
        "Start `mailrisk serve` there, and give [agent] key a key of the role reporter: mailrisk key add --role reporter",
        "在该处启动 mailrisk serve，并为 [agent] key 配置 reporter 角色的密钥：mailrisk key add --role reporter",
    ),
    "agent-firewall": Wording(
        Grade.ERROR,
        "The agent cannot use {firewall}: {error}",
        "agent 无法使用 {firewall}：{error}",
        "docs/integrations/agent.md says what each firewall needs; the agent must have started once with CAP_NET_ADMIN",
        "docs/integrations/agent.md 说明了各防火墙的要求；agent 须以 CAP_NET_ADMIN 权限启动过一次",
    ),
    "agent-observes": Wording(
        Grade.WARNING,
        "The agent follows logs and blocks nobody: [agent] firewall is empty",
        "agent 正在跟踪日志但不封锁任何地址：[agent] firewall 为空",
        'When its reports look right, set [agent] firewall = "nftables"',
        '确认其报告无误后，设置 [agent] firewall = "nftables"',
    ),
    "policy-zone": Wording(
        Grade.ERROR,
        "The response policy zone at {listen} cannot be used: {error}",
        "{listen} 上的响应策略区（RPZ）无法使用：{error}",
        "Start `mailrisk serve` and look into its log; check [rpz] zone, keys and without_key",
        "启动 mailrisk serve 并检查其日志；检查 [rpz] 的 zone、keys 和 without_key",
    ),
    "policy-zone-notify": Wording(
        Grade.WARNING,
        "rpz.notify is empty: resolvers hear of a change after a minute, when they ask by themselves",
        "rpz.notify 为空：解析器只能在一分钟后自行查询时得知变化",
        'Name your resolvers: [rpz] notify = ["192.0.2.53"]',
        '填写您的解析器地址：[rpz] notify = ["192.0.2.53"]',
    ),
    "milter": Wording(
        Grade.ERROR,
        "The milter at {listen} does not answer a mail server: {error}",
        "{listen} 上的 milter 无法应答邮件服务器：{error}",
        "Start `mailrisk serve` and look into its log; Postfix does meanwhile what milter_default_action says",
        "启动 mailrisk serve 并检查其日志；在此期间 Postfix 按 milter_default_action 处理邮件",
    ),
    "milter-observes": Wording(
        Grade.WARNING,
        "The milter holds and refuses nothing: it writes into headers what it would do",
        "milter 处于观察模式：只在邮件头中写明将采取的动作，不隔离也不拒收",
        'When would= in the headers looks right, set [milter] mode = "enforce"',
        '确认邮件头中的 would= 无误后，设置 [milter] mode = "enforce"',
    ),
    "icap": Wording(
        Grade.ERROR,
        "The ICAP server at {listen} does not answer a proxy: {error}",
        "{listen} 上的 ICAP 服务无法应答代理：{error}",
        "Start `mailrisk serve` and look into its log; check [icap] listen and the proxy's icap_service",
        "启动 mailrisk serve 并检查其日志；核对 [icap] listen 与代理的 icap_service",
    ),
    "visit-page": Wording(
        Grade.WARNING,
        "Visitors who are stopped cannot be told why at {base}: {error}",
        "被拦截的访问者无法在 {base} 看到原因页面：{error}",
        "Set [visits] page_base to the address at which browsers reach this service",
        "将 [visits] page_base 设为浏览器能够访问本服务的地址",
    ),
    "links": Wording(
        Grade.ERROR,
        "Links in mails cannot be opened at {base}: {error}",
        "邮件中改写后的链接无法在 {base} 打开：{error}",
        "Let {base}/go lead to this service from where readers are, or correct [rewrite] base; every node needs the same links.key",
        "确保读者能够通过 {base}/go 访问本服务，或更正 [rewrite] base；各节点须使用相同的 links.key",
    ),
    "links-no-domains": Wording(
        Grade.WARNING,
        "Links are rewritten, and nobody knows which domains are yours: mail may leave the house with your links",
        "已启用链接改写，但未配置本单位域名：外发邮件中也可能带有改写后的链接",
        'Put your domains into the configuration: [organisation] domains = ["example.org"]',
        '在配置文件中写入本单位域名：[organisation] domains = ["example.org"]',
    ),
    "index-stale": Wording(
        Grade.ERROR,
        "The look-up index last agreed with the ledger {minutes} minutes ago: answers are unknown",
        "查询索引已有 {minutes} 分钟未与账本同步，查询结果只能为“未知”",
        "Start `mailrisk serve`, and look into its log if it runs",
        "启动 mailrisk serve；若已在运行，请检查其日志",
    ),
    "feed-old": Wording(
        Grade.WARNING,
        "The feed {feed} was last heard of {days} days ago",
        "情报源 {feed} 已有 {days} 天没有更新",
        "mailrisk feed fetch {feed}; fetching on schedule needs `mailrisk serve`. Without a network: mailrisk feed import",
        "执行 mailrisk feed fetch {feed}；定时拉取需要运行 mailrisk serve。没有网络时使用 mailrisk feed import",
    ),
    "no-feed": Wording(
        Grade.WARNING,
        "No feed was ever imported: nothing is known beside what is seen here",
        "尚未导入任何情报源：除本地所见外没有其他情报",
        "mailrisk feed fetch, or start `mailrisk serve`, which fetches on schedule. Without a network: mailrisk feed import",
        "执行 mailrisk feed fetch，或启动 mailrisk serve 定时拉取。没有网络时使用 mailrisk feed import",
    ),
    "network-off": Wording(
        Grade.WARNING,
        "The network is switched off by the setting network.enabled: no feed is fetched, and no domain is looked up",
        "网络已被设置 network.enabled 关闭：不拉取任何情报源，也不查询域名",
        "Set network.enabled = true. If it is to stay off: mailrisk feed import brings feeds in, and feeds.fetch = false ends this warning",
        "请设置 network.enabled = true。若需保持关闭：可用 mailrisk feed import 导入情报源，并以 feeds.fetch = false 关闭此警告",
    ),
    "feed-failing": Wording(
        Grade.WARNING,
        "The feed {feed} cannot be fetched (failures in a row: {failures}): {error}",
        "情报源 {feed} 拉取失败（连续 {failures} 次）：{error}",
        "mailrisk feed fetch {feed} tries again; feeds.disable takes it out",
        "执行 mailrisk feed fetch {feed} 重试；用 feeds.disable 停用该情报源",
    ),
    "feeds-unreachable": Wording(
        Grade.WARNING,
        "None of the {count} feeds that are enabled can be fetched: {error}",
        "已启用的 {count} 个情报源均拉取失败：{error}",
        "See whether there is a way out to the network: feeds.proxy names a proxy, feeds.fetch = false is quiet",
        "请检查能否访问外网：可用 feeds.proxy 指定代理，或用 feeds.fetch = false 关闭拉取",
    ),
    "busy-address": Wording(
        Grade.WARNING,
        "{ip} carries {percent} % of all successful logins: it probably logs in for others",
        "{ip} 承载了 {percent}% 的成功登录，很可能是代他人登录的前端",
        'If it is webmail, a proxy or a load balancer: [login] trusted_frontends = ["{ip}"]',
        '若为 Webmail、代理或负载均衡，请配置：[login] trusted_frontends = ["{ip}"]',
    ),
    "no-trusted-frontends": Wording(
        Grade.WARNING,
        "Logins are watched and login.trusted_frontends is empty: webmail would be judged as one attacker",
        "正在监测登录，但 login.trusted_frontends 为空：Webmail 可能被误判为攻击者",
        "Name the addresses of webmail, proxies and load balancers there, if there are any",
        "如有 Webmail、代理或负载均衡，请在该项中填写其地址",
    ),
    "graph-failing": Wording(
        Grade.ERROR,
        "Microsoft Graph gives no sign-ins: {error}",
        "无法从 Microsoft Graph 获取登录日志：{error}",
        "Check [login.graph], MAILRISK_GRAPH_SECRET, and that the application has AuditLog.Read.All with consent",
        "检查 [login.graph] 和 MAILRISK_GRAPH_SECRET，并确认应用已获管理员同意的 AuditLog.Read.All 权限",
    ),
    "graph-behind": Wording(
        Grade.WARNING,
        "Sign-ins were last pulled from Microsoft Graph {minutes} minutes ago",
        "上次从 Microsoft Graph 拉取登录日志是在 {minutes} 分钟前",
        "Start `mailrisk serve`, and look into its log if it runs",
        "启动 mailrisk serve；若已在运行，请检查其日志",
    ),
    "language-model": Wording(
        Grade.ERROR,
        "The configured language model gives no usable answer: {error}",
        "已配置的大模型没有给出可用的回答：{error}",
        "mailrisk llm test shows more; check llm.url, llm.model and MAILRISK_LLM_KEY",
        "执行 mailrisk llm test 查看详情；检查 llm.url、llm.model 和 MAILRISK_LLM_KEY",
    ),
}  # fmt: skip
"""Every check there is."""


def advise(check: str, **data: object) -> Advice:
    """The advice of a check with its data filled in; an ``error`` is cut to 200 characters."""
    shown = {name: str(value)[:200] if name == "error" else value for name, value in data.items()}
    grade, *texts = WORDINGS[check]
    shown_zh = {
        name: problem(str(value), "zh") if name == "error" else value for name, value in shown.items()
    }
    text, text_zh, todo, todo_zh = (
        one.format(**data) for one, data in zip(texts, (shown, shown_zh) * 2, strict=True)
    )
    return Advice(check=check, grade=grade, text=text, text_zh=text_zh, todo=todo, todo_zh=todo_zh)

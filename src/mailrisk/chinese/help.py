"""Help of commands and options in Chinese, paragraph by paragraph; examples are the same in both languages.

The English stands where a command is declared. ``tests/cli/test_help_zh.py`` compares the two.
"""

from __future__ import annotations

from typing import Final

COMMANDS: Final = {
    "Is this URL, domain, IP address or message dangerous, since when, and why?":
        "这个链接、域名、IP 地址或邮件危险吗？从什么时候开始？为什么？",
    "Start the service: mailrisk serve Check a mail: mailrisk message check mail.eml Check a URL: mailrisk url check https://example.org/login Find attackers in logs: mailrisk log detect /var/log/mail.log":
        "启动服务：        mailrisk serve\n"
        "检查邮件：        mailrisk message check mail.eml\n"
        "检查链接：        mailrisk url check https://example.org/login\n"
        "从日志中找攻击者：mailrisk log detect /var/log/mail.log",
    "The environment is read where an option is not given: MAILRISK_DATA_DIR, MAILRISK_CONFIG, MAILRISK_LANG (else LC_ALL, LC_MESSAGES, LANG), and MAILRISK_KEY, the API key of commands that ask a service.":
        "未给出选项时读取环境变量：MAILRISK_DATA_DIR、MAILRISK_CONFIG、MAILRISK_LANG（其次为 LC_ALL、LC_MESSAGES、LANG），以及 MAILRISK_KEY，即访问服务的命令所用的 API 密钥。",
    "Secrets that the configuration file leaves out: MAILRISK_LOGIN_PASSWORD, MAILRISK_GRAPH_SECRET, MAILRISK_LLM_KEY, MAILRISK_AGENT_KEY, MAILRISK_AGENT_WEBHOOK_SECRET, and, with the name of the feed, webhook or channel behind it, MAILRISK_FEED_KEY_, MAILRISK_WEBHOOK_SECRET_ and MAILRISK_ALERT_SECRET_.":
        "配置文件中未写的密钥：MAILRISK_LOGIN_PASSWORD、MAILRISK_GRAPH_SECRET、MAILRISK_LLM_KEY、MAILRISK_AGENT_KEY、MAILRISK_AGENT_WEBHOOK_SECRET，以及其后加上情报源、webhook 或告警渠道名称的 MAILRISK_FEED_KEY_、MAILRISK_WEBHOOK_SECRET_、MAILRISK_ALERT_SECRET_。",
    "What is listed already is shown by `mailrisk changes`.": "已收录的内容用 `mailrisk changes` 查看。",
    "Messages: raw RFC 5322, as .eml files hold them.": "邮件：RFC 5322 原始邮件，即 .eml 文件。",
    "Check messages; `-` reads one from standard input. Nothing is stored without --submit or --learn.":
        "检查邮件；`-` 表示从标准输入读取一封。不加 --submit 或 --learn 时不保存任何内容。",
    "URLs and domains.": "链接（URL）和域名。",
    "Check URLs; `-` reads them from standard input, one a line. Defanged forms are understood.":
        "检查链接；`-` 表示从标准输入读取，每行一个。可识别去活写法（如 hxxps://evil[.]example）。",
    "IP addresses.": "IP 地址。",
    "Check IP addresses; `-` reads them from standard input, one a line.":
        "检查 IP 地址；`-` 表示从标准输入读取，每行一个。",
    "Accounts of your users.": "本单位用户的账号。",
    "Say how risky accounts are, written as users log in; `-` reads them from standard input, one a line.":
        "查询账号的风险，账号按用户登录时的写法填写；`-` 表示从标准输入读取，每行一个。",
    "Login events in the logs of mail servers.": "邮件服务器日志中的登录事件。",
    "Print the login events of logs; `-` reads standard input, gzip is understood.":
        "列出日志中的登录事件；`-` 表示标准输入，可直接读取 gzip。",
    "Find addresses that attack logins and accounts that were taken over, and record the evidence.":
        "找出攻击登录的地址和被盗用的账号，并记录证据。",
    "Prints one answer an address, then one an account that logs in or sends strangely (Postfix's log tells who sends).":
        "先逐个列出地址，再逐个列出登录或发信异常的账号（Postfix 的日志记有发信账号）。",
    "Third-party intelligence coming in.": "导入的第三方情报。",
    "Import one delivery of the feed NAME from FILE; `-` is standard input, gzip is understood.":
        "从 FILE 导入情报源 NAME 的一次数据；`-` 表示标准输入，可直接读取 gzip。",
    "Fetch feeds now, due or not, and import what is new; without a name all enabled ones.":
        "立即拉取情报源（不论是否到期）并导入新内容；不指定名称则拉取所有已启用的情报源。",
    "List the feeds that are known, with licence and terms, and how fresh those are that are used.":
        "列出已知的情报源、许可与条款，以及在用情报源的更新时间。",
    "Show the evidence behind a verdict and compute the score again from it.":
        "列出判定所依据的证据，并据此重新计算评分。",
    "Take a listing back and exempt the indicator: no feed lists it again, only an analyst can.":
        "撤回收录并豁免该指标：情报源不会再将其收录，只有分析员可以。",
    "List an indicator on an analyst's word; lifts an exemption.": "由分析员手动收录一个指标；同时解除豁免。",
    "Show listings and withdrawals in sequence.": "按序号列出收录与撤回。",
    "Show what is known and how fresh it is.": "查看已有情报及其更新时间。",
    "Look for what is wrong with this installation and say what to do about it.":
        "检查本机安装与配置的问题，并给出处理办法。",
    "API keys.": "API 密钥。",
    "Issue a key and print it; it is shown this once and stored as a hash only.":
        "签发密钥并显示；密钥只显示这一次，系统仅保存其哈希值。",
    "List all keys (never their secrets).": "列出所有密钥（不显示密钥内容）。",
    "Revoke a key by its public id (the part after `mr_`).": "按公开编号（`mr_` 之后的部分）吊销密钥。",
    "The language model that is asked about uncertain messages.": "用于判断疑难邮件的大语言模型。",
    "Ask the configured language model about a made-up lure, and show what it says.":
        "用一封虚构的诱骗邮件询问已配置的大语言模型，并显示其回答。",
    "Receivers of the change feed, as configured under [[webhook]].": "变更流的接收方，在 [[webhook]] 中配置。",
    "List the configured webhooks and how far each of them has been served.":
        "列出已配置的 webhook 及各自的推送进度。",
    "Send the webhook NAME every change after a number once more; 0 sends all of them.":
        "向 webhook NAME 重新推送某个序号之后的全部变更；0 表示从头推送。",
    "Channels by which administrators are told, as configured under [[alert]].":
        "通知管理员的告警渠道，在 [[alert]] 中配置。",
    "Send a test message by these channels, by all if none is named.":
        "通过指定渠道发送测试消息；不指定则使用全部渠道。",
    "Follow the logs of a mail server and block the addresses that attack its logins.":
        "持续读取邮件服务器日志，封锁攻击登录的地址。",
    "Every interval it tells the server what the logs say, asks about the addresses that failed, and applies the response policy: an address of level high is blocked for an hour when it is new, for a day when it has been known for a day, for a week after that. Private ranges, this machine, its gateways, whoever is logged in by SSH and [agent] allow are never blocked.":
        "每隔一段时间，将日志中的登录事件上报服务器，查询登录失败的地址，并按处置策略执行：等级为“高”的地址，首次出现封锁一小时，"
        "发现满一天后封锁一天，此后封锁一周。私有网段、本机、网关、当前 SSH 登录的来源以及 [agent] allow 中的地址绝不封锁。",
    "Answer Squid's questions about visits; Squid starts it by itself.":
        "回答 Squid 关于网页访问的查询；由 Squid 自行启动。",
    "Visits of web pages: what proxies have logged.": "网页访问：代理服务器的访问日志。",
    "Teach the running service what is common, from Squid's access.log.":
        "用 Squid 的 access.log 让运行中的服务学习本单位的常访站点。",
    "Lead the links of a message through the check page: message in, message out.":
        "改写邮件中的链接，使其先经过检查页面：输入邮件，输出邮件。",
    "How many were rewritten, and what was left and why, stands in its header X-Mailrisk-Rewritten and on standard error.":
        "改写了多少链接、哪些未改写及其原因，写在邮件头 X-Mailrisk-Rewritten 和标准错误输出中。",
    "Sign with a new key from now on; links that the old ones have signed still open.":
        "从现在起使用新密钥签名；旧密钥签名的链接仍可打开。",
    "Other nodes need the file links.key of the data directory too. A line taken out of it ends the links of that key.":
        "其他节点也需要数据目录中的 links.key 文件。从中删去一行，该密钥签名的链接即失效。",
    "Show who has clicked on a page, or on any page of a host, before and after it was found dangerous.":
        "查看谁点击过某个网页或某主机上的任何网页，包括其被判为危险之前和之后。",
    "Run the service in the foreground; stop it with Ctrl-C.": "在前台运行服务；按 Ctrl-C 停止。",
    "The first start makes an administrator key, prints it, and keeps it in DATA_DIR/admin.key.":
        "首次启动时生成管理员密钥，显示在屏幕上并保存到 DATA_DIR/admin.key。",
}  # fmt: skip
"""Paragraphs of the help of commands."""

OPTIONS: Final = {
    "Show the version and exit.": "显示版本并退出。",
    "Show this message and exit.": "显示本帮助并退出。",
    "A table for people; JSON, or one JSON object a line, for scripts.":
        "table 供人阅读；json 或 jsonl（每行一个 JSON 对象）供脚本使用。",
    "Language of the texts in tables (default: as LANG says).": "表格文字的语言（默认：由 LANG 决定）。",
    "Where the ledger, the index and the samples live.": "存放账本、索引和样本的目录。",
    "Configuration file (TOML).": "配置文件（TOML）。",
    "Look nothing up outside this machine.": "不向本机以外发起任何查询。",
    "Exit with 1 if an item reaches this level; unknown reaches none.":
        "有任一项达到该等级时以 1 退出；“未知”不算达到任何等级。",
    "A log to follow (default: as configured); several may be given.": "要读取的日志（默认：按配置）；可指定多个。",
    "URL of the mailrisk that judges (default: as configured).": "负责判定的 mailrisk 的地址（默认：按配置）。",
    "nftables, ipset, fail2ban, firewalld, command or webhook (default: as configured).":
        "nftables、ipset、fail2ban、firewalld、command 或 webhook（默认：按配置）。",
    "Sweep once, from the beginning of logs that were never read, and end.":
        "只巡查一次后退出；从未读过的日志从头读起。",
    "Say what would be done; touch no firewall, remember nothing.": "只说明将要做什么；不改动防火墙，不保存状态。",
    "Print the report of today so far, and end.": "显示今日截至目前的报告后退出。",
    "Language (default: as LANG says on the screen, as configured in reports that are kept).":
        "语言（默认：屏幕输出由 LANG 决定，保存的报告按配置）。",
    "Sequence number.": "变更序号。",
    "Most changes shown.": "最多显示多少条变更。",
    "Exit with 1 if there is a finding of this grade or worse.": "发现该级别或更严重的问题时以 1 退出。",
    "Ask nothing outside this machine.": "不向本机以外发起任何查询。",
    "What was said then, from what was known then (RFC 3339).": "按当时已知的情报，查询当时的判定（RFC 3339 时间）。",
    "Only enabled feeds whose time has come.": "只拉取已启用且已到期的情报源。",
    "Format, for a feed not configured.": "数据格式，用于尚未配置的情报源。",
    "Import even if it shrank by 90 %.": "即使条目减少 90 % 也照常导入。",
    "reader checks; reporter also reports; analyst also withdraws; admin does all.":
        "reader 可查询；reporter 还可举报；analyst 还可撤回；admin 拥有全部权限。",
    "Who uses it.": "使用者备注。",
    "Why; it is kept with the decision.": "原因；与该决定一并保存。",
    "What kind of danger it is (default: credential-phishing; of addresses, listed).":
        "危险的类别（默认：credential-phishing；IP 地址为 listed）。",
    "Format of the log: one of docs/reference/formats.md or a configured one; auto asks of every line.":
        "日志格式：docs/reference/formats.md 所列或自行配置的格式；auto 逐行识别。",
    "IANA zone of log times that name none (default: this machine's).":
        "日志时间未注明时区时所用的 IANA 时区（默认：本机时区）。",
    "Year of log times that name none (default: the nearest past).": "日志时间未注明年份时所用的年份（默认：最近的过去）。",
    "Exit with 1 at this level.": "达到该等级时以 1 退出。",
    "Address of the SMTP client that delivered it.": "投递该邮件的 SMTP 客户端地址。",
    "Name that the client gave in HELO or EHLO.": "客户端在 HELO 或 EHLO 中声明的名称。",
    "Envelope sender.": "信封发件人。",
    "Envelope recipient; may be repeated.": "信封收件人；可重复指定。",
    "Report it too: store it as a sample, decide its indicators.": "同时举报：保存为样本，并对其中的指标作出判定。",
    "Remember who wrote to whom, as keyed hashes, if it is honest mail.":
        "若为正常邮件，以带密钥的哈希值记住收发双方的往来。",
    "Recipient of the message, as often as there are.": "邮件的收件人；有几个就写几次。",
    "How many of them the mailbox ADDRESS has clicked.": "其中由邮箱 ADDRESS 点击的次数。",
    "HOST:PORT (default: as configured, 127.0.0.1:8025).": "HOST:PORT（默认：按配置，127.0.0.1:8025）。",
    "Look-up processes (default: as configured, one a core; 0: everything in one process).":
        "查询进程数（默认：按配置，每个 CPU 核一个；0：全部在一个进程内）。",
    "Look nothing up outside this machine and fetch no feeds.": "不向本机以外发起任何查询，也不拉取情报源。",
    "Where mailrisk answers.": "mailrisk 服务的地址。",
    "File with an API key; else MAILRISK_KEY.": "API 密钥文件；未指定则使用环境变量 MAILRISK_KEY。",
    "Seconds for one answer, then BH.": "等待一次回答的秒数，超时则回 BH。",
    "Let visits through that nobody could decide, instead of BH.": "无法判定的访问予以放行，而不是回 BH。",
    "What is added for URLs that are not listed.": "对未收录的链接还要做哪些分析。",
    "File with an API key of the role reporter; else MAILRISK_KEY.":
        "角色为 reporter 的 API 密钥文件；未指定则使用环境变量 MAILRISK_KEY。",
    "Number of the last change to leave out.": "从该序号之后开始推送。",
}  # fmt: skip
"""Help of options; what click adds to them stands in ``usage``."""

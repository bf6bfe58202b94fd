"""Hard benign URLs, made: real honest hosts with the paths that honest sites have and phishing imitates.

The real benign rows hold few log-in, reset, payroll, tracking, newsletter, invitation and file-share links, and few
articles that name a brand. Without them a model learns that a path, a brand in a headline or the word ``login``
is guilt. Templates are dealt to training and test by their number, so that a test row's template was never
trained on; everything made here is labelled ``synthetic`` and never counted among the wild rows.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Sequence

Fill = Callable[[random.Random], str]

TEMPLATES: dict[str, tuple[str, ...]] = {
    "page": (
        "/index.php", "/index.html", "/index.htm", "/home", "/site/index.php", "/main/index.php", "/default.aspx", "/about",
        "/about-us/", "/contact", "/contact.html", "/news", "/blog/", "/{lang}", "/{lang}/", "/{lang}/index.html", "/robots.txt",
        "/main.php", "/index.php/{lang}", "/home.html", "/main/{n2}", "/portal/", "/web/", "/welcome", "/{word}/", "/{word}.html",
        "/{word}/index.html", "/{word}/{word}/", "/~{name}/", "/{name}", "/@{name}", "/users/{name}", "/index.php?lang={lang}",
    ),
    "article": (
        "/{y}/{m}/{d}/{slug}", "/{y}/{m}/{d}/{slug}/", "/{y}/{m}/{slug}.html", "/{y}/{m}/{slug}", "/blog/{slug}", "/posts/{slug}/",
        "/news/{slug}-{n6}", "/article/{n6}", "/articles/{slug}", "/a/{y}{m}/{d}/{n6}.html", "/content/{y}-{m}/{d}/content_{n8}.htm",
        "/p/{slug}", "/post/{n8}", "/archives/{n4}", "/{word}/{slug}.shtml", "/wiki/{Slug}", "/story/{n8}", "/{y}-{m}-{d}-{slug}/",
        "/{word}/{y}/{slug}", "/en/{word}/{slug}", "/{lang}/{y}/{m}/{d}/{slug}", "/html/{word}/{y}{m}{d}/{n5}.html", "/t/{slug}/{n5}",
        "/questions/{n8}/{slug}", "/{slug}.php", "/{slug}_{n6}.html", "/news/{brand}-{slug}", "/{y}/{m}/{brand}-{slug}/",
        "/review/{brand}", "/topics/{brand}", "/blog/{word}-{brand}-{slug}", "/{brand}/{y}/{m}/{slug}/", "/companies/{brand}",
    ),
    "shop": (
        "/products/{slug}", "/product/{n6}", "/dp/{ID10}", "/shop/{word}/{slug}.html", "/item.php?id={n6}", "/catalog/{word}?page={n1}",
        "/search?q={word}", "/index.php?route=product/product&product_id={n4}", "/cart", "/checkout/", "/category/{word}/{word}",
    ),
    "file": (
        "/wp-content/uploads/{y}/{m}/{slug}.pdf", "/files/{slug}.pdf", "/download/{slug}-{n2}.zip", "/assets/docs/{slug}.docx",
        "/images/{slug}.jpg", "/static/{hex8}/{slug}.png", "/pdf/{y}/{n6}.pdf", "/download.php?file={slug}", "/s/{id22}/view",
        "/share/{id16}", "/f/{id12}", "/d/{hex32}/{slug}.pdf",
    ),
    "account": (
        "/login", "/login/", "/signin", "/sign-in", "/auth/login", "/user/login", "/users/sign_in", "/account/login?next=%2F{word}",
        "/wp-login.php", "/accounts/login/", "/member/login.php", "/portal/login.aspx", "/login.html", "/secure/login", "/webmail/",
        "/owa/auth/logon.aspx", "/password/reset?token={hex32}", "/reset-password/{id22}", "/account/recover?code={n6}",
        "/users/password/edit?reset_password_token={id22}", "/verify-email?token={hex32}", "/confirm/{hex32}",
        "/account/security", "/my-account/", "/account/settings/billing", "/oauth2/authorize?client_id={hex16}&response_type=code",
        "/sso/saml?SAMLRequest={id22}{id22}", "/adfs/ls/?wa=wsignin1.0&wtrealm=urn%3A{word}", "/auth/realms/{word}/protocol/openid-connect/auth",
        "/activate?key={hex32}", "/2fa/setup", "/account/verify/{n6}", "/signup?plan={word}", "/denglu", "/user/login?destination=node/{n4}",
    ),
    "letter": (
        "/unsubscribe?u={hex16}&id={hex8}", "/newsletter/{y}-{m}/", "/track/click/{n8}/{word}?p={id22}{id22}", "/ls/click?upn={id22}{id22}{id22}",
        "/c/{id22}/{id16}", "/e/{n6}/{slug}/{id16}", "/l/{id12}/{id12}", "/preferences/{hex32}", "/view?m={id16}&e={hex16}",
        "/r/{id22}?utm_source=newsletter&utm_medium=email", "/{slug}?utm_source=mail&utm_campaign={word}", "/f/a/{id22}~~/AA{id22}",
        "/open.aspx?ffcb10-{hex8}", "/wf/open?upn={id22}", "/CL0/{slug}/1/{hex16}", "/mailing/{n5}/archive", "/subscription/manage?token={hex32}",
    ),
    "office": (
        "/payroll/statements/{y}-{m}", "/hr/payslip?month={m}&year={y}", "/invite/{id12}", "/invitations/accept?token={hex32}",
        "/calendar/event?eid={id22}", "/meeting/{n10}?pwd={id16}", "/j/{n10}", "/orders/{n8}/track", "/tracking?number={ID10}{n4}",
        "/invoice/{n8}.pdf", "/billing/invoices/{y}/{m}", "/document/d/{id22}/edit?usp=sharing", "/forms/{id12}", "/survey/{id8}",
        "/ticket/{n6}", "/helpdesk/tickets/{n5}", "/benefits/enroll", "/boarding-pass/{ID10}", "/receipt/{hex16}", "/approve/{n6}/{hex8}",
        "/zh-CN/{word}/{n5}", "/gjj/chaxun", "/gongzi/{y}{m}.html", "/tongzhi/{y}/{n5}.htm", "/info/{n4}/{n5}.htm", "/html/{n4}.shtml",
    ),
}  # fmt: skip
"""By kind. ``{slug}`` is words joined by hyphens, ``{id22}`` letters and digits, ``{n6}`` digits, ``{hex8}`` hexadecimal."""

LANGUAGES = (
    "en",
    "zh",
    "zh-CN",
    "zh-cn",
    "fr",
    "de",
    "es",
    "pt-br",
    "ja",
    "jp",
    "ru",
    "ar",
    "en-us",
    "it",
    "ko",
    "az",
    "id",
)
_FIRST = (
    "anna",
    "lee",
    "maria",
    "jsmith",
    "wang",
    "liu",
    "tom",
    "ivan",
    "sofia",
    "chen",
    "peter",
    "nina",
    "mueller",
    "ali",
)


def fill(template: str, words: Sequence[str], brands: Sequence[str], rng: random.Random) -> str:
    """The template with every placeholder filled."""
    parts = template.split("{")
    made = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        made.append(_value(name, words, brands, rng) + rest)
    return "".join(made)


def _value(name: str, words: Sequence[str], brands: Sequence[str], rng: random.Random) -> str:
    if name in ("slug", "Slug"):
        chosen = [rng.choice(words) for _ in range(rng.randrange(2, 9))]
        return "_".join(word.title() for word in chosen) if name == "Slug" else "-".join(chosen)
    fixed: dict[str, Fill] = {
        "word": lambda rng: rng.choice(words),
        "brand": lambda rng: rng.choice(brands),
        "name": lambda rng: rng.choice(_FIRST) + rng.choice(("", str(rng.randrange(100)), rng.choice(words))),
        "lang": lambda rng: rng.choice(LANGUAGES),
        "y": lambda rng: str(rng.randrange(2002, 2026)),
        "m": lambda rng: f"{rng.randrange(1, 13):02}",
        "d": lambda rng: f"{rng.randrange(1, 29):02}",
    }
    if name in fixed:
        return fixed[name](rng)
    kind = name.rstrip(string.digits)
    size = int(name[len(kind) :])
    alphabet = {
        "n": string.digits,
        "hex": "0123456789abcdef",
        "id": string.ascii_letters + string.digits + "-_",
        "ID": string.ascii_uppercase + string.digits,
    }[kind]
    return "".join(rng.choice(alphabet) for _ in range(size))


def paths(
    count: int, words: Sequence[str], brands: Sequence[str], seed: int, *, test: bool
) -> Iterator[tuple[str, str]]:
    """``count`` times (kind, path with query). Every fourth template serves the test alone."""
    rng = random.Random(seed)  # noqa: S311  the same rows in every run
    dealt = [
        (kind, template)
        for kind, templates in TEMPLATES.items()
        for place, template in enumerate(templates)
        if (place % 4 == 3) == test
    ]
    for _ in range(count):
        kind, template = rng.choice(dealt)
        yield kind, fill(template, words, brands, rng)


SERVICES = (
    "weebly.com", "wixsite.com", "webflow.io", "web.app", "firebaseapp.com", "godaddysites.com", "pages.dev", "vercel.app",
    "netlify.app", "azurewebsites.net", "workers.dev", "glitch.me", "surge.sh", "square.site", "blogspot.com", "wordpress.com",
    "duckdns.org", "herokuapp.com", "replit.app", "framer.website", "gitbook.io", "github.io", "onrender.com", "cloudfront.net",
    "r2.dev", "myshopify.com", "ngrok-free.app", "fly.dev",
)  # fmt: skip
"""Services below which anyone has a host of his own: honest customers are rare in lists of links, not in life."""


def tenants(count: int, names: Sequence[str], seed: int) -> Iterator[str]:
    """Honest names of other sites as names of customers of free services, some with a usual path."""
    rng = random.Random(seed)  # noqa: S311  the same rows in every run
    for _ in range(count):
        path = rng.choice(("/", "/", "/", "/", "/home", "/mysite", "/about", "/index.html", "/blog"))
        yield f"{rng.choice(names)}.{rng.choice(SERVICES)}{path}"


SYLLABLES = (
    "an ba bai bao bei bin bo cai chang chao chen cheng chun da dai dan de dong du fan fang fei feng fu gang gao ge gong gu guan "
    "guang guo hai han hao he hong hou hu hua huan huang hui ji jia jian jiang jie jin jing jiu ju jun kai kang ke kong kun lai lan "
    "lang le lei li lian liang lin ling liu long lu luo ma man mao mei meng mi min ming mo mu nan ning niu pan pei peng pin ping pu "
    "qi qian qiang qiao qin qing qiu qu quan ran ren rong ru rui san shan shang shao shen sheng shi shu shuai si song su sun tai tan "
    "tang tao tian tie ting tong tu wan wang wei wen wu xi xia xian xiang xiao xie xin xing xiu xu xuan xue ya yan yang yao ye yi yin "
    "ying yong you yu yuan yue yun zang ze zhan zhang zhao zhen zheng zhi zhong zhou zhu zhuang zi zong zuo"
).split()
_CHINESE_SUFFIXES = (
    ("com",) * 9
    + ("cn",) * 6
    + ("com.cn",) * 3
    + ("net", "net", "org", "me", "cc", "io", "top", "xyz", "site", "vip", "club")
)
_NUMBERS = ("", "", "", "", "", "233", "666", "520", "888", "365", "123", "1024", "51", "360", "2020")


def pinyin_sites(count: int, seed: int) -> Iterator[str]:
    """Honest sites with names in pinyin or its initials, as Chinese firms, schools and bloggers choose them.

    Training data hold few real ones, and many that phishing made up in the same manner.
    """
    rng = random.Random(seed)  # noqa: S311  the same rows in every run
    tails = (
        "",
        "",
        "",
        "/",
        "/about",
        "/archives/{}",
        "/posts/{}.html",
        "/html/{}.shtml",
        "/news/{}.htm",
        "/user/login",
        "/article/{}",
    )
    for _ in range(count):
        chosen = [rng.choice(SYLLABLES) for _ in range(rng.randrange(2, 6))]
        name = "".join(chosen) if rng.random() < 0.75 else "".join(part[0] for part in chosen).ljust(3, "w")
        name = rng.choice(_NUMBERS) + name if rng.random() < 0.15 else name + rng.choice(_NUMBERS)
        below = rng.choice(("", "", "", "", "", "www.", "blog.", "m.", "mail.", "oa.", "bbs."))
        yield f"{below}{name}.{rng.choice(_CHINESE_SUFFIXES)}{rng.choice(tails).format(rng.randrange(1, 99_999))}"

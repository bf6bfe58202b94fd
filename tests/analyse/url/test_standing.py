"""What the address of a site says about its owner: a brand's own site, and one in disguise."""

from __future__ import annotations

import pytest
from tests.analyse.message.letters import policy, shipped
from tests.worlds import NOW

from mailrisk.analyse.url.registry import analyse_url
from mailrisk.decide.verdict import decide
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.unwrap import unwrap
from mailrisk.model.verdict import Level, Verdict


def judged(link: str) -> Verdict:
    unwrapped = unwrap(parse_url(link), shipped().hosts)
    subject = unwrapped.url.subject
    return decide(subject, list(analyse_url(unwrapped, shipped(), NOW, subject)), NOW, policy())


def codes(link: str) -> set[str]:
    return {reason.code for reason in judged(link).reasons}


@pytest.mark.parametrize(
    "link", ["https://www.icbc.com.cn/", "https://www.icbc.com.cn/login/verify.php", "https://apple.com/"]
)
def test_a_site_of_a_known_brand_is_told_as_such_and_clean(link: str) -> None:
    verdict = judged(link)
    assert verdict.level is Level.CLEAN
    assert "official-site" in codes(link)


@pytest.mark.parametrize(
    "link",
    [
        "https://docs.google.com/forms/d/abc", "https://sites.google.com/view/abc", "https://pan.baidu.com/s/1abc",
        "https://evil.blogspot.com/", "https://t.cn/A6abc", "https://user:pw@www.icbc.com.cn/",
        "https://www.icbc.com.cn/redirect?url=https://evil.example/", "https://amazon.zz/", "https://icbc.com.cn.evil.example/",
    ],
)  # fmt: skip
def test_what_others_publish_at_a_brand_or_reach_through_it_is_not_the_brands(link: str) -> None:
    assert "official-site" not in codes(link)
    assert judged(link).level is not Level.CLEAN


@pytest.mark.parametrize(
    "link", ["https://xn--pple-43d.com/", "https://xn--pypal-4ve.com/", "https://xn--80ak6aa92e.com/"]
)
def test_a_brand_written_with_letters_of_another_script_is_suspicious_by_its_name_alone(link: str) -> None:
    assert "disguised-host" in codes(link)
    assert judged(link).level is Level.SUSPICIOUS


@pytest.mark.parametrize(
    "link",
    [
        "https://xn--pple-koa.se/",
        "https://xn--80aa2ak.com/",
        "https://app1e.com/",
        "https://xn--mnchen-3ya.de/",
    ],
)
def test_honest_names_in_other_letters_are_in_no_disguise(link: str) -> None:
    assert "disguised-host" not in codes(link)
    assert judged(link).level is Level.UNKNOWN

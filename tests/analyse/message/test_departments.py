"""Departments and authorities that a message claims to be, in Chinese and English, by name, subject and signature."""

from __future__ import annotations

import msgspec
import pytest
from tests.analyse.message.letters import OWN, codes, letter, view

from mailrisk.analyse.message.identity import identify
from mailrisk.model.person import person

NAMES = {
    "from-hr": ["Human Resources", "HR Department", "Payroll", "人力资源部", "人事部", "薪酬中心"],
    "from-finance": ["Accounts Payable", "Finance Department", "财务部", "财务中心", "计财处"],
    "from-it": ["IT Helpdesk", "IT Support", "信息中心", "网络中心", "信息技术部"],
    "from-mail-admin": ["Mail Administrator", "Webmail Support Team", "邮箱管理员", "系统管理员", "邮件中心"],
    "from-tax": ["Tax Office", "Revenue Service", "国家税务总局", "税务局"],
    "from-bank": ["Online Banking", "Card Services", "银行客服", "信用卡中心"],
    "from-courier": ["Parcel Service", "Delivery Notification", "快递中心", "邮政包裹"],
    "from-platform": ["Customer Support", "Security Center", "平台客服", "安全中心", "官方客服"],
    "from-police": ["Cyber Crime Police", "Interpol", "公安局", "网警", "检察院"],
    "from-government": ["Ministry of Labour", "Social Security", "人社局", "社保中心", "公积金中心"],
}
CLAIMS = [(label, name) for label, names in NAMES.items() for name in names]


def departments(name: str, subject: str = "Notice", text: str = "Text") -> set[str]:
    return set(identify(view(letter(name, "a@somebody.example", subject, text))).departments)


@pytest.mark.parametrize(("label", "name"), CLAIMS)
def test_a_department_is_known_by_display_name_subject_and_signature(label: str, name: str) -> None:
    assert label in departments(name)
    assert label in departments("A", subject=f"{name}: Notice")
    assert label in departments("A", text=f"{'Please read this. ' * 60}\n\n-- \n{name}")


@pytest.mark.parametrize(
    "name", ["Li Lei", "李雷", "Bob Miller", "Jane Banks", "Anna Kurier", "王芳", "Weekly News"]
)
def test_people_and_newsletters_claim_no_department(name: str) -> None:
    assert departments(name) == set()


def test_a_department_in_the_middle_of_a_long_text_is_no_claim() -> None:
    text = "Please read this. " * 40 + "Ask the finance department. " + "Please read this. " * 40
    assert departments("A", text=text) == set()


@pytest.mark.parametrize("name", ["人力资源部", "HR Department", "财务部", "IT Helpdesk"])
def test_a_department_that_writes_from_a_free_mailbox_is_told(name: str) -> None:
    assert "department-from-free-mail" in codes(
        view(letter(name, "abc.20260310@gmail.com", "Notice", "Text"))
    )
    assert "department-from-free-mail" not in codes(view(letter(name, f"hr@{OWN}", "Notice", "Text")))


@pytest.mark.parametrize(
    ("name", "address", "told"),
    [
        ("国家税务局", "a@somebody.example", True),
        ("公安局网安支队", "a@somebody.example", True),
        ("Cyber Crime Police", "a@somebody.example", True),
        ("社保中心", "a@somebody.example", True),
        ("税务局", "notice@chinatax.gov.cn", False),
        ("Tax Office", "no-reply@finance.gov.ie", False),
        ("Police", "press@met.police.uk", False),
        ("Ministry of Labour", "info@mol.gov.sg", False),
        ("Receita Federal", "aviso@receita.fazenda.gov.br", False),
        ("Anna Police-Meyer", f"anna@{OWN}", True),
    ],
)
def test_an_authority_writes_from_an_authoritys_domain(name: str, address: str, told: bool) -> None:
    assert ("authority-not-author" in codes(view(letter(name, address, "Notice", "Text")))) is told


@pytest.mark.parametrize(
    ("shown", "address", "told"),
    [
        ("Wang Xiaoming", "ceo.office.77@gmail.com", True),
        ("WANG, Xiaoming (CEO)", "a@somebody.example", True),
        ("张伟民", "a@qq.com", True),
        ("张伟民（总经理）", "a@somebody.example", True),
        ("Wang Xiaoming", f"xiaoming@{OWN}", False),
        ("Wang Xiaohong", "a@gmail.com", False),
        ("张伟", "a@qq.com", False),
        ("Xiaoming", "a@gmail.com", False),
        ("", "a@gmail.com", False),
    ],
)
def test_the_name_of_a_manager_from_outside_is_told(shown: str, address: str, told: bool) -> None:
    seen = view(letter(shown, address, "Quick question", "Are you at your desk?"))
    people = {person(name): name for name in ("Xiaoming Wang", "张伟民")}
    knowledge = msgspec.structs.replace(seen.knowledge, people=people)
    assert ("staff-name-from-outside" in codes(msgspec.structs.replace(seen, knowledge=knowledge))) is told

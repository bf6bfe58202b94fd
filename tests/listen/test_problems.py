"""Problems in the language that the request asks for; what programs read stays the same."""

from __future__ import annotations

from typing import Any

import pytest
from tests.listen.conftest import Service

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("path", "body", "title", "detail"),
    [
        ("messages:check", b"", "输入有误", "message：为空"),
        ("urls:check", b"{", "输入有误", "数据不完整"),
        ("urls:check?x=1", b'{"urls": ["\xff"]}', "输入有误", None),
        ("nothing", b"", "未找到", "/api/v1/nothing 没有内容；可用的接口见 /api/v1/openapi.json"),
        ("list", b'{"indicator": "203.0.113.5", "reason": ""}', None, None),
    ],
)
def test_a_problem_is_told_in_chinese_with_the_same_status_and_field(
    service: Service, path: str, body: bytes, title: str | None, detail: str | None
) -> None:
    def ask(headers: dict[str, str]) -> Any:
        return service.client.post(f"/api/v1/{path}", content=body, headers=headers)

    english, chinese = ask({"Accept-Language": "en"}), ask(CHINESE)
    assert chinese.status_code == english.status_code >= 400
    assert "Content-Language" not in english.headers and chinese.headers["Content-Language"] == "zh"
    said, plain = chinese.json(), english.json()
    assert said.keys() == plain.keys() and said["status"] == plain["status"]
    assert said.get("field") == plain.get("field") and said["title"] != plain["title"]
    assert title in (None, said["title"]) and detail in (None, said["detail"]), said


def test_a_wrong_key_is_refused_in_chinese(service: Service) -> None:
    answer = service.client.get("/api/v1/status", headers={**CHINESE, "X-API-Key": "mr_a_b"})
    assert answer.status_code == 401 and answer.json()["title"] == "未认证"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_wish_a_problem_is_english(service: Service) -> None:
    answer = service.client.post("/api/v1/messages:check", content=b"")
    assert answer.json()["title"] == "Bad input"


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/api/v1/nothing", 404, "Not found"),
        ("DELETE", "/api/v1/urls:check", 405, "Method Not Allowed"),
        ("POST", "/api/v1/urls:check", 400, "Bad input"),
    ],
)
def test_titles_are_words_and_not_names_of_classes(
    service: Service, method: str, path: str, status: int, title: str
) -> None:
    answer = service.client.request(method, path, content=b"{" if method == "POST" else b"")
    assert (answer.status_code, answer.json()["title"]) == (status, title)


def test_what_is_not_there_is_named_and_cut(service: Service) -> None:
    detail = service.client.get("/" + "x" * 4_000).json()["detail"]
    assert detail.startswith("nothing is served at /xxx") and detail.count("x") < 250

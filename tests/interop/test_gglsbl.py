"""gglsbl, a Safe Browsing v4 client with a database of its own, with its endpoint alone changed."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.discovery import build  # type: ignore[import-untyped]  # it has no types
from tests.interop.conftest import DOMAIN, MALWARE, SE_PAGE, Google

INSTALLED = Path(__file__).parents[2] / "build" / "gglsbl"


@pytest.fixture
def gglsbl(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client with an empty database."""
    assert INSTALLED.is_dir(), "run tools/interop.sh, which `make test` does"
    monkeypatch.syspath_prepend(str(INSTALLED))
    module = importlib.import_module("gglsbl")
    assert str(INSTALLED) in str(sys.modules["gglsbl"].__file__)
    client = module.SafeBrowsingList(
        google.key, db_path=str(tmp_path / "gsb.db"), discard_fair_use_policy=True
    )
    client.api_client.service = build(
        "safebrowsing", "v4", developerKey=google.key, static_discovery=True, client_options={"api_endpoint": google.url}
    )  # fmt: skip
    return client


def update(client: Any) -> None:
    """Updates the database, then waits for the second to pass in which gglsbl asks nothing about new prefixes."""
    client.update_hash_prefix_cache()
    time.sleep(1.1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_database_is_filled_followed_and_asked(gglsbl: Any, google: Google) -> None:
    update(gglsbl)
    [found] = gglsbl.lookup_url(SE_PAGE)
    assert (found.threat_type, found.platform_type, found.threat_entry_type) == (
        "SOCIAL_ENGINEERING", "ANY_PLATFORM", "URL",
    )  # fmt: skip
    assert [item.threat_type for item in gglsbl.lookup_url(MALWARE)] == ["MALWARE"]
    assert gglsbl.lookup_url(f"http://deep.below.{DOMAIN}/any?thing")
    assert gglsbl.lookup_url("http://unknown.example/") is None

    page = "http://followed.example/new/page"
    assert gglsbl.lookup_url(page) is None
    google.list(page)
    update(gglsbl)
    assert gglsbl.lookup_url(page)
    google.withdraw(page)
    gglsbl.update_hash_prefix_cache()
    assert gglsbl.lookup_url(page) is None

"""The real nginx asks mailrisk (auth_request) before it sends anybody on."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from tests.interop.conftest import SE_PAGE, Google
from tests.interop.dovecot import free_port
from tests.interop.page import block
from tests.interop.squid import origin

MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
{ours}
  }}
}}
"""


@contextlib.contextmanager
def nginx(ours: str) -> Iterator[str]:
    """Its address."""
    assert shutil.which("nginx"), "run tools/debian.sh --file requirements/debian-test.txt"
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mailrisk-") as own:
        folder = Path(own)
        folder.chmod(0o755)
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, port=port, ours=ours))
        process = subprocess.Popen(
            ["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        )
        try:
            deadline = time.monotonic() + 30
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                assert process.poll() is None and time.monotonic() < deadline, (
                    folder / "error.log"
                ).read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def test_people_are_sent_on_to_harmless_pages_and_told_why_not_to_others(google: Google) -> None:
    with origin() as webmail:
        changes = {"127.0.0.1:8080": f"127.0.0.1:{webmail}", "127.0.0.1:8025": google.host, "KEY": google.key}
        with nginx(block("nginx-auth-request.md", "nginx", **changes)) as url:
            sent = httpx.get(f"{url}/go", params={"url": "http://good.example/?a=b&c=d"})
            assert (sent.status_code, sent.text) == (200, "the page itself")
            seen = httpx.get(f"{url}/go", params={"url": SE_PAGE})
            assert seen.status_code == 200, "in observe, which is the default, nothing is stopped"
            assert httpx.get(f"{url}/go").status_code == 500, "without a target nobody is sent on"
            assert httpx.get(f"{url}/mailrisk").status_code == 404, "the question is nginx's own"


def test_in_enforce_a_listed_target_leads_to_the_page_that_says_why(tmp_path: Path) -> None:
    from tests.listen.conftest import start, stop

    (tmp_path / "mailrisk.toml").write_text('[network]\nenabled = false\n[visits]\nmode = "enforce"\n')
    process, service, _ = start(
        tmp_path / "data", "--workers", "0", "--config", str(tmp_path / "mailrisk.toml")
    )
    key = (tmp_path / "data" / "admin.key").read_text().strip()
    try:
        body = {"indicator": SE_PAGE, "reason": "a test", "category": "credential-phishing"}
        assert (
            httpx.post(f"{service}/api/v1/listings", json=body, headers={"X-API-Key": key}).status_code == 200
        )
        host = service.removeprefix("http://")
        with origin() as webmail:
            changes = {"127.0.0.1:8080": f"127.0.0.1:{webmail}", "127.0.0.1:8025": host, "KEY": key}
            with nginx(block("nginx-auth-request.md", "nginx", **changes)) as url:
                stopped = httpx.get(f"{url}/go", params={"url": SE_PAGE})
                assert stopped.status_code == 302, stopped.text
                where = stopped.headers["Location"].replace("127.0.0.1:8025", host)
                assert "This page was blocked" in httpx.get(where).text
                process.terminate()
                process.wait(timeout=30)
                assert httpx.get(f"{url}/go", params={"url": SE_PAGE}).status_code == 500, (
                    "nobody passes unseen"
                )
    finally:
        stop(process)

"""Debian's rspamd, unmodified, with our lines and the modules that a test names; the others would ask the network."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from tests.interop.dns_servers import free_port, need

START_S = 60

MAIN = """
options {{
  pidfile = "{folder}/rspamd.pid";
  filters = "";
  disable_hyperscan = true;
  allow_raw_input = true;
  url_tld = "{folder}/suffixes.dat";
  dns {{ nameserver = ["{nameserver}"]; timeout = 1s; retransmits = 3; }}
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
metric {{ name = "default"; actions {{ reject = 15; }} }}
modules {{ path = "{folder}/plugins.d/"; }}
{ours}
"""


@contextlib.contextmanager
def rspamd(ours: str, plugins: Sequence[Path], nameserver: str = "127.0.0.1:9") -> Iterator[str]:
    """Its address."""
    program = need("rspamd")
    with tempfile.TemporaryDirectory(prefix="mailrisk-") as own:
        folder, port = Path(own), free_port()
        (folder / "plugins.d").mkdir()
        for plugin in plugins:
            shutil.copy(plugin, folder / "plugins.d")
        # The suffix of the names in tests is none that rspamd knows, and it asks about no host without one.
        known = Path("/usr/share/rspamd/effective_tld_names.dat").read_text()
        (folder / "suffixes.dat").write_text(f"{known}\nexample\n")
        config = MAIN.format(folder=folder, port=port, ours=ours, nameserver=nameserver)
        (folder / "rspamd.conf").write_text(config)
        for path in (folder, *folder.rglob("*")):
            with contextlib.suppress(LookupError, PermissionError):
                shutil.chown(path, "_rspamd")
        command = [program, "-f", "-i", "-c", str(folder / "rspamd.conf")]
        for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR"):
            command += ["--var", f"{name}={folder}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}", process, folder / "rspamd.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/ping").status_code == 200:
                return
        said = log.read_text() if log.exists() else "it never spoke"
        assert process.poll() is None and time.monotonic() < deadline, said
        time.sleep(0.2)

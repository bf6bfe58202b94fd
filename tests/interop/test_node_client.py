"""Google's client for Node.js, unmodified: ``fallback: true`` makes it speak REST, ``protocol`` plain HTTP."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.interop.conftest import MALWARE, SE_PAGE, Google

from mailrisk.model.url.expressions import full_hash

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).parent / "npm" / "ask.cjs"
INSTALLED = ROOT / "build" / "npm" / "node_modules"


def ask(google: Google, *calls: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs the client on several calls and returns its answers."""
    node = shutil.which("node")
    assert node and INSTALLED.is_dir(), "run tools/interop.sh, which `make test` does"
    ran = subprocess.run(
        [node, str(SCRIPT), google.host.rpartition(":")[2]],
        input=json.dumps(calls).encode(), capture_output=True, timeout=120, check=False,
        env={**os.environ, "NODE_PATH": str(INSTALLED)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr.decode()
    answers: list[dict[str, Any]] = json.loads(ran.stdout)
    return answers


def raw(value: Any) -> bytes:
    """Bytes as the client's objects have them in JSON: a Buffer, or base64."""
    return bytes(value["data"]) if isinstance(value, dict) else base64.b64decode(value)


def test_every_call_of_the_client_is_answered_and_errors_are_its_own(google: Google) -> None:
    both = ["MALWARE", "SOCIAL_ENGINEERING"]
    full = full_hash("files.example/setup.exe?id=1")
    prefix = base64.b64encode(full[:4]).decode()
    uris, none, hashes, diff, submitted, wrong, keyless = ask(
        google,
        (google.key, "searchUris", {"uri": SE_PAGE, "threatTypes": both}),
        (google.key, "searchUris", {"uri": "http://unknown.example/", "threatTypes": both}),
        (google.key, "searchHashes", {"hashPrefix": prefix, "threatTypes": both}),
        (google.key, "computeThreatListDiff", {"threatType": "MALWARE", "constraints": {"supportedCompressions": ["RAW"]}}),
        (google.key, "createSubmission", {"parent": "projects/p3", "submission": {"uri": MALWARE}}),
        (google.key, "searchUris", {"uri": "no url", "threatTypes": both}),
        ("AIzaWrong", "searchUris", {"uri": SE_PAGE, "threatTypes": both}),
    )  # fmt: skip
    assert uris["answer"]["threat"]["threatTypes"] == ["SOCIAL_ENGINEERING"]
    assert none["answer"].get("threat") is None
    [threat] = hashes["answer"]["threats"]
    assert raw(threat["hash"]) == full and threat["threatTypes"] == ["MALWARE"]
    assert diff["answer"]["responseType"] == "RESET"
    [added] = diff["answer"]["additions"]["rawHashes"]
    assert added["prefixSize"] == 4 and raw(added["rawHashes"]) == full[:4]
    assert raw(diff["answer"]["checksum"]["sha256"]) == sha256(full[:4]).digest()
    assert submitted["answer"]["uri"] == MALWARE
    assert wrong["code"] == 400 and "neither a scheme" in wrong["message"]
    assert keyless["code"] == 400 and "API key not valid" in keyless["message"]

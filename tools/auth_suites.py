"""Runs public authentication suites over our own SPF, DKIM and ARC, and prints a table.

    python -m tools.auth_suites FOLDER

FOLDER holds checkouts under any names; nothing is fetched, and nothing of them is kept here:

* ValiMail's ARC suite (``arc-draft-validation-tests.yml``);
* Mail::DKIM of Perl (``t/verifier.t``, ``t/corpus``, ``t/FAKE_DNS.dat``);
* libopendkim (``libopendkim/tests``);
* mail-auth of Rust (``resources/dkim``, ``resources/arc``: RFC examples and mail of the field);
* openspf (``rfc4408-tests*.yml``, ``rfc7208-tests*.yml``), loose or in a ``.tar.xz``.

Old suites sign with rsa-sha1 and keys of 512 bits, which RFC 8301 forbids to accept, and with drafts of DKIM
that have no ``v=1``. DKIM is run with these bans lifted, to test the rest, and such cases once more with them:
then none may pass. A case where we differ on purpose
stands in ``DIFFERENT`` with its reason. Exit code 1 when any other case differs.
"""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from tools.auth_dkim_suites import opendkim_suite, perl_suite, rust_dkim, zone_and_message
from tools.auth_zone import Case, Zone, lower, settled

from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.arc import check_arc
from mailrisk.analyse.message.auth.canonical import SignedMessage
from mailrisk.analyse.message.auth.spf import check_spf
from mailrisk.model.facts import Facts
from mailrisk.model.message import AuthResult

_GRANULARITY = "g= of RFC 4871 is no longer a tag, unknown tags are ignored (RFC 6376 §3.2, appendix C)"
_PARTIAL = "l= leaves the end of the body open to anybody (RFC 6376 §8.2): policy"
_EXTRA = (12, 13, 14, 15, 28, 29, 30, 31, 101)
DIFFERENT = dict.fromkeys(("badkey_8.txt", "badkey_9.txt", "badkey_12.txt", "badkey_13.txt"), _GRANULARITY)
DIFFERENT |= dict.fromkeys((f"t-test{number}" for number in _EXTRA), _PARTIAL)
DIFFERENT["t-test76"] = (
    "a signature without b= is told as permerror, and not passed over (RFC 6376 §6.1 leaves it open)"
)
DIFFERENT["t-test104"] = "t= in the future is not judged: the signature is broken as well, and that is said"


def arc_suite(folder: Path) -> Iterator[Case]:
    """ValiMail's validation suite: ``cv`` of the whole message; '' stands for a chain that says fail itself."""
    words = {None: ("none",), "None": ("none",), "Pass": ("pass",), "Fail": ("fail",), "": ("fail",)}
    for path in sorted(folder.rglob("arc-draft-validation-tests.yml"))[:1]:
        for scenario in yaml.safe_load_all(path.read_text("utf-8")):
            zone = lower(
                {
                    name: [("TXT", "".join(str(text).split("\n")).encode())]
                    for name, text in scenario["txt-records"].items()
                }
            )
            for name, case in scenario["tests"].items():
                raw = case["message"].encode()
                yield Case(name, words[case["cv"]], partial(_arc, raw, zone))


def rust_arc(folder: Path) -> Iterator[Case]:
    """Chains of the field and RFC examples in mail-auth's resources: all pass."""
    for path in sorted(folder.rglob("resources/arc/*.txt")):
        zone, raw = zone_and_message(path)
        yield Case(f"mail-auth arc {path.name}", ("pass",), partial(_arc, raw, zone))


def _arc(raw: bytes, zone: Zone) -> str:
    return settled(zone, lambda facts: check_arc(SignedMessage(raw), Answers(facts))).result


def spf_suite(folder: Path) -> Iterator[Case]:
    """The openspf suites of RFC 4408 and RFC 7208."""
    for title, text in _spf_files(folder):
        for scenario in yaml.safe_load_all(text):
            zone = lower({name: spf_records(values) for name, values in scenario["zonedata"].items()})
            for name, case in scenario["tests"].items():
                wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
                title_of = f"{title}: {scenario['description']}: {name}"
                yield Case(title_of, tuple(wanted), partial(_spf_word, case, zone))


def _spf_word(case: Mapping[str, Any], zone: Zone) -> str:
    return settled(zone, lambda facts: _spf(case, facts)).result


def _spf(case: Mapping[str, Any], facts: Facts) -> AuthResult:
    answers = Answers(facts)
    result = answers.attempt(lambda: check_spf(case["host"], case["mailfrom"], case["helo"], answers))
    answers.settle()
    assert result is not None
    return result


def _spf_files(folder: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of every different suite file."""
    seen = set()
    for path in sorted(folder.rglob("rfc*-tests*.yml")):
        text = path.read_text("utf-8")
        if text not in seen:
            seen.add(text)
            yield path.name, text
    for path in sorted(folder.rglob("spf*.tar.xz")):
        with tarfile.open(path) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.name.endswith(".yml") else None
                if stream is not None:
                    yield Path(member.name).name, io.TextIOWrapper(stream, "utf-8").read()


def spf_records(values: list[Any]) -> list[tuple[str, Any]]:
    """One name's records; type SPF is served as TXT unless the name has a TXT record of its own."""
    found: list[tuple[str, Any]] = []
    kinds = {next(iter(value)) for value in values if isinstance(value, dict)}
    for value in values:
        if value == "TIMEOUT":
            found.append(("TIMEOUT", None))
            continue
        ((kind, content),) = value.items()
        if kind == "SPF" and "TXT" in kinds:
            continue
        if kind in ("SPF", "TXT"):
            if content != "NONE":
                pieces = content if isinstance(content, list) else [content]
                found.append(("TXT", b"".join(piece.encode("utf-8") for piece in pieces)))
        else:
            found.append((kind, tuple(content) if kind == "MX" else content))
    return found


SUITES: dict[str, Callable[[Path], Iterator[Case]]] = {
    "ARC: ValiMail validation": arc_suite,
    "ARC: mail-auth": rust_arc,
    "DKIM: Mail::DKIM": perl_suite,
    "DKIM: libopendkim": opendkim_suite,
    "DKIM: mail-auth": rust_dkim,
    "SPF: openspf 4408, 7208": spf_suite,
}


def main(folder: Path) -> int:
    """Prints one line a suite and one a difference."""
    failed = 0
    print(f"{'suite':28} {'cases':>6} {'agree':>6} {'on purpose':>10} {'differ':>6}")
    for title, suite in SUITES.items():
        total = agreed = known = 0
        wrong: list[str] = []
        for case in suite(folder):
            total += 1
            word = case.run()
            if word in case.wanted:
                agreed += 1
            elif case.name in DIFFERENT:
                known += 1
                wrong.append(
                    f"    {case.name}: {word}, they say {'/'.join(case.wanted)}: {DIFFERENT[case.name]}"
                )
            else:
                failed += 1
                wrong.append(f"  ! {case.name}: {word}, wanted {'/'.join(case.wanted)}")
        shown = (
            f"{total:6} {agreed:6} {known:10} {total - agreed - known:6}" if total else "  not in the folder"
        )
        print(f"{title:28} {shown}", *wrong, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

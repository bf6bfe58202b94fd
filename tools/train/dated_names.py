"""Names of phishing sites with the month in which a public list first held them, from the list's git history.

    git clone https://github.com/polkadot-js/phishing CLONE
    python -m tools.train.dated_names CLONE

The list (Apache-2.0) names sites that steal crypto-currency. TweetFeed holds hardly any of June to November 2024, when their
names changed. Its history says when each name came in, so that training takes nothing that was listed later than its own
end. The names themselves are not part of this repository; ``make train`` reads them from ``DATED``, and
trains without them where that file is missing, which the model card then says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.train.url_rows import Row, row_of
from tools.train.url_split import TEST_FROM, Split, few

from mailrisk.model.url.hosts import Hosts

DATED = Path(__file__).parents[2] / "build" / "training" / "dated_names.tsv"
SOURCE = "polkadot-js"
_LIST, _FIRST_YEAR = "all.json", 2021
MOST_OF_A_DOMAIN = 5


def dated_rows(path: Path, dealt: Split, hosts: Hosts) -> list[Row]:
    """The names as training rows, the 28th for each month; empty where there is no such file.

    Left out: names of domains that stand anywhere in validation or test, in training already, or among the widely used ones.
    """
    if not path.is_file():
        return []
    taken = {row.group for part in dealt for row in part}
    found = []
    for line in path.read_text("utf-8").splitlines():
        month, _, name = line.partition("\t")
        row = row_of(
            f"https://{name}", hosts, dangerous=True, source=SOURCE, shippable=True, day=f"{month}-28"
        )
        if row is not None and row.group not in taken and not row.reputable and month < TEST_FROM:
            found.append(row)
    return few(found, MOST_OF_A_DOMAIN)


def first_months(clone: Path, until: str = TEST_FROM) -> dict[str, str]:
    """Name -> the month (``2024-09``) in whose last commit the list held it first; nothing from ``until`` on."""
    found: dict[str, str] = {}
    for month, following in _months(until):
        commit = _git(clone, "rev-list", "-1", f"--before={following}-01T00:00:00Z", "HEAD").strip()
        if commit:
            for name in json.loads(_git(clone, "show", f"{commit}:{_LIST}"))["deny"]:
                found.setdefault(name, month)
    return found


def _months(until: str) -> Iterator[tuple[str, str]]:
    """(month, the next one) from the list's first year until the year ``until`` begins."""
    for year in range(_FIRST_YEAR, int(until[:4])):
        for month in range(1, 13):
            following = f"{year}-{month + 1:02}" if month < 12 else f"{year + 1}-01"
            yield f"{year}-{month:02}", following


def _git(clone: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(clone), *words], check=True, capture_output=True, text=True)
    return done.stdout


def main() -> None:
    """Writes ``DATED`` from the clone that the first argument names."""
    found = first_months(Path(sys.argv[1]))
    DATED.parent.mkdir(parents=True, exist_ok=True)
    DATED.write_text("".join(f"{month}\t{name}\n" for name, month in sorted(found.items())), encoding="utf-8")
    print(f"{len(found):,} names in {DATED}")


if __name__ == "__main__":
    main()

"""URLhaus ``hostfile``: the host names that serve malware, as a hosts file (``127.0.0.1<TAB>name``).

Source: https://urlhaus.abuse.ch/api/#hostfile. Holds names only, never addresses, of hosts whose entries were
active in the last 48 hours; abuse.ch leaves out what is popular. See :mod:`.hosts_file` for the form.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailrisk.collect.feeds import hosts_file
from mailrisk.collect.feeds.lines import Entries
from mailrisk.model.feed import FeedOptions
from mailrisk.model.verdict import Category


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Category ``malware-file`` unless the options say otherwise."""
    category = options.category or Category.MALWARE_FILE
    return hosts_file.parse(lines, msgspec.structs.replace(options, category=category))

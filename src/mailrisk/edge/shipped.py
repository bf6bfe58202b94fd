"""Reads the data that ships with the package, so that pure code gets it passed."""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from mailrisk.model.brand import Brand, Brands
from mailrisk.model.feed import FeedSource
from mailrisk.model.heads import TextHeads
from mailrisk.model.lexicon import Lexicon, Phrase
from mailrisk.model.url.hosts import HostClass, Hosts

_LISTS = {
    HostClass.SHORTENER: ("sublime/url_shorteners.txt", "misp/url-shortener.txt"),
    HostClass.FREE_SUBDOMAIN: ("sublime/free_subdomain_hosts.txt",),
    HostClass.FILE_HOST: ("sublime/free_file_hosts.txt",),
    HostClass.SELF_SERVICE: ("sublime/self_service_creation_platform_domains.txt",),
    HostClass.SOCIAL_LANDING: ("sublime/social_landing_hosts.txt", "misp/link-in-bio.txt"),
    HostClass.BULK_MAILER: ("sublime/bulk_mailer_url_root_domains.txt",),
    HostClass.IPFS_GATEWAY: ("misp/public-ipfs-gateways.txt",),
    HostClass.FREE_MAIL: ("sublime/free_email_providers.txt.gz",),
    HostClass.DISPOSABLE_MAIL: ("sublime/disposable_email_providers.txt.gz",),
}
"""Shipped lists by class; data/hosts/README.md tells where they come from."""


class _Curated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    add: dict[HostClass, list[str]]
    remove: dict[HostClass, list[str]]


def load_hosts() -> Hosts:
    """Host classes, public suffixes and ranks as shipped (about 0.2 s; call it once)."""
    folder = files("mailrisk") / "data" / "hosts"
    curated = msgspec.convert(tomllib.loads((folder / "classes.toml").read_text("utf-8")), _Curated)
    classes = {
        host_class: _merge(folder, _LISTS.get(host_class, ()), curated, host_class)
        for host_class in HostClass
    }
    suffixes = files("publicsuffixlist") / "public_suffix_list.dat"
    ranking = _lines(folder / "sublime" / "tranco_top_50k.txt.gz")
    ranks = {domain: place for place, domain in enumerate(ranking, start=1)}
    return Hosts(suffixes.read_text("utf-8").splitlines(), classes, ranks)


def load_parking_nameservers() -> frozenset[str]:
    """Domains whose hosts are name servers of parked domains (``data/hosts/parking.toml``)."""
    table = tomllib.loads((files("mailrisk") / "data" / "hosts" / "parking.toml").read_text("utf-8"))
    return frozenset(table["nameservers"])


def _merge(folder: Traversable, names: Iterable[str], curated: _Curated, host_class: HostClass) -> set[str]:
    hosts = {host for name in names for host in _lines(folder / name)}
    return (hosts - set(curated.remove.get(host_class, ()))) | set(curated.add.get(host_class, ()))


def _lines(file: Traversable) -> list[str]:
    raw = file.read_bytes()
    if file.name.endswith(".gz"):
        raw = gzip.decompress(raw)
    return raw.decode("utf-8").split()


def load_brands() -> Brands:
    """The shipped brand records with their look-ups (about 0.1 s; call it once)."""
    folder = files("mailrisk") / "data" / "brands"
    tables = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda f: f.name)
    return Brands(brand for table in tables for brand in read_brands(table.read_bytes()))


def read_brands(raw: bytes) -> list[Brand]:
    """The brands of one TOML table: ``sector`` for all of them, then one record an id under ``[brand]``."""
    table = tomllib.loads(raw.decode("utf-8"))
    return [
        msgspec.convert({"id": brand_id, "sector": table["sector"], **record}, Brand)
        for brand_id, record in table["brand"].items()
    ]


def load_lexicon() -> Lexicon:
    """The shipped phrases of all languages (``data/lexicon/*.toml``)."""
    folder = files("mailrisk") / "data" / "lexicon"
    tables = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda f: f.name)
    return Lexicon(phrase for table in tables for phrase in read_phrases(table.read_bytes()))


def read_phrases(raw: bytes) -> list[Phrase]:
    """The phrases of one TOML table: ``[label]`` holds lists of phrases, each under its weight in nats."""
    return [
        Phrase(label, float(weight), text)
        for label, lists in tomllib.loads(raw.decode("utf-8")).items()
        for weight, texts in lists.items()
        for text in texts
    ]


def ships_heads(name: str) -> bool:
    """Whether ``data/models/NAME.npz`` is shipped."""
    return (files("mailrisk") / "data" / "models" / f"{name}.npz").is_file()


def load_heads(name: str = "intent") -> TextHeads | None:
    """The trained intent heads (``data/models/NAME.npz``), None where they are not shipped."""
    import numpy as np  # Here, because look-up workers read no texts and start sooner without it.

    file = files("mailrisk") / "data" / "models" / f"{name}.npz"
    if not file.is_file():
        return None
    with file.open("rb") as raw, np.load(raw, allow_pickle=False) as stored:
        return TextHeads(
            labels=tuple(str(label) for label in stored["labels"]),
            weights=stored["weights"],
            slope=stored["slope"],
            offset=stored["offset"],
        )


def load_feeds() -> dict[str, FeedSource]:
    """The shipped feeds by name (data/feeds.toml). msgspec.ValidationError names a wrong or unknown key."""
    tables = tomllib.loads((files("mailrisk") / "data" / "feeds.toml").read_text("utf-8"))
    return {name: msgspec.convert({"name": name, **table}, FeedSource) for name, table in tables.items()}

"""Puts the parts together: configuration in, a :class:`Context` out. Nobody else builds one for real."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from mailrisk.config import Config
from mailrisk.edge.clock import Clock, system_clock
from mailrisk.edge.geo import GeoDatabase
from mailrisk.edge.policy_files import data_hashes, load_policy
from mailrisk.edge.shipped import (
    load_brands,
    load_feeds,
    load_heads,
    load_hosts,
    load_lexicon,
    load_parking_nameservers,
)
from mailrisk.edge.sources import Source, Sources
from mailrisk.edge.url_weights import load_url_weights
from mailrisk.model.errors import BadUrl, ConfigError, Unavailable
from mailrisk.model.ip import parse_ip, split_port
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.lexicon import Lexicon
from mailrisk.model.person import person
from mailrisk.model.url.canonical import parse_url
from mailrisk.service.analysis_threads import AnalysisThreads
from mailrisk.service.context import Context, Lookup
from mailrisk.service.correspondents import Correspondents
from mailrisk.service.feed_plan import FeedPlan, make_plan
from mailrisk.service.readers import Depth, LanguageModel, Readers
from mailrisk.service.webhook_secrets import with_secrets
from mailrisk.store.index import LookupIndex


def load_knowledge(config: Config, *, texts: bool = True) -> Knowledge:
    """Shipped brands and hosts, with the organisation's own domains and trusted hosts.

    Without ``texts`` the words and models that read messages are left out.
    """
    hosts = load_hosts()
    own = {hosts.registrable(domain.lower()) or domain.lower() for domain in config.organisation.domains}
    return Knowledge(
        brands=load_brands(),
        hosts=hosts,
        lexicon=load_lexicon() if texts else Lexicon(()),
        heads=load_heads() if texts else None,
        url_model=load_url_weights(),
        own_domains=frozenset(own),
        link_base=link_base(config).partition("://")[2],
        trusted_hosts=frozenset(host.lower() for host in config.organisation.trusted_hosts),
        people={person(name): name for name in config.organisation.people if person(name)},
        trusted_frontends=frozenset(map(parse_ip, config.login.trusted_frontends)),
        results_below=config.organisation.results_below_received,
        parking_nameservers=load_parking_nameservers(),
        hashes=data_hashes(),
    )


def link_base(config: Config) -> str:
    """``[rewrite] base`` as a browser writes it; '' when links are not rewritten. ConfigError: it is no page of the web."""
    if not config.rewrite.base:
        return ""
    try:
        url = parse_url(config.rewrite.base)
    except BadUrl as error:
        raise ConfigError("config.rewrite.base", error.reason) from None
    if url.scheme not in ("http", "https") or url.query or not config.rewrite.base.startswith("http"):
        raise ConfigError("config.rewrite.base", "is http(s)://HOST[:PORT][/PATH]")
    return url.text.rstrip("/")


@contextmanager
def open_context(
    data_dir: Path, config: Config, *, network: bool = True, clock: Clock = system_clock
) -> Iterator[Context]:
    """Everything that a command or the server works with, closed at the end.

    Any number of processes may have the same data directory open. Unavailable: it cannot be used.
    """
    # A look-up worker takes ``load_knowledge`` from here and has no use for what takes long to load.
    from mailrisk.edge.opening.configured import openers
    from mailrisk.store.ledger import Ledger
    from mailrisk.store.samples import DirectorySamples

    _make_folder(data_dir)
    opener = openers(config.files)
    readers = make_readers(config)
    ledger = Ledger.open(config.store.ledger or f"sqlite:///{data_dir / 'ledger.db'}")
    index, analysis = LookupIndex(data_dir / "index"), AnalysisThreads()
    try:
        knowledge = load_knowledge(config)
        context = Context(
            ledger=ledger,
            index=index,
            analysis=analysis,
            samples=DirectorySamples(data_dir / "samples"),
            policy=load_policy(knowledge.hashes),
            knowledge=knowledge,
            resolver=_resolver(config, network),
            opener=opener,
            locate=GeoDatabase.open(data_dir / "cache", data_dir / "geo").locate,
            clock=clock,
            network=network and config.network.enabled,
            message_budget=timedelta(seconds=config.network.message_budget_s),
            index_max_age=timedelta(seconds=config.index.max_age_s),
            readers=readers,
            depth=make_depth(config),
            feeds=_feed_plan(config),
            correspondents=_correspondents(data_dir, config),
            webhooks=with_secrets(config.webhook, os.environ),
        )
        context.catch_up()
        yield context
    finally:
        analysis.close()
        opener.close()
        close_readers(readers)
        index.close()
        ledger.close()


def make_depth(config: Config) -> Depth:
    """How far slow stages go. ConfigError for a band that is none, or a stage that does not exist."""
    from mailrisk.service.slow_stages import STAGES

    settings = config.deepen
    low, high = settings.band
    if not 0.0 <= low <= high <= 1.0:
        raise ConfigError("config.deepen.band", "two probabilities, the smaller one first")
    unknown = set(settings.off) - {stage.name for stage in STAGES}
    if unknown:
        raise ConfigError("config.deepen.off", f"no such stage: {', '.join(sorted(unknown))}")
    return Depth(
        band=settings.band,
        budget_s=settings.budget_s,
        most_pictures=settings.most_pictures,
        off=frozenset(settings.off),
    )


def make_readers(config: Config) -> Readers:
    """The slow readers that this installation has."""
    from mailrisk.edge.embedding_process import make_embedder
    from mailrisk.edge.ocr.reader import OcrReader

    ocr = None if "ocr" in config.deepen.off else OcrReader()
    embedder = None if "embedding" in config.deepen.off else make_embedder()
    return Readers(ocr=ocr, embedder=embedder, language_model=_language_model(config))


def close_readers(readers: Readers) -> None:
    """Ends the processes of the slow readers."""
    from mailrisk.edge.embedding_process import EmbeddingProcess
    from mailrisk.edge.ocr.reader import OcrReader

    for reader in (readers.ocr, readers.embedder):
        if isinstance(reader, (OcrReader, EmbeddingProcess)):
            reader.close()


def warm_readers(readers: Readers) -> None:
    """Lets the embedder load its model now: the first uncertain message of a service shall not wait for it."""
    from mailrisk.edge.embedding_process import EmbeddingProcess

    if isinstance(readers.embedder, EmbeddingProcess):
        readers.embedder.start()


def _language_model(config: Config) -> LanguageModel | None:
    """The configured endpoint; None without one. ConfigError: it cannot be an endpoint."""
    settings = config.llm
    if not settings.url:
        return None
    from mailrisk.edge import language_model

    if not settings.model:
        raise ConfigError("config.llm.model", "the name of the model is missing")
    try:
        scheme = parse_url(settings.url).scheme
    except BadUrl as error:
        raise ConfigError("config.llm.url", error.reason) from None
    if scheme not in ("http", "https"):
        raise ConfigError("config.llm.url", f"scheme {scheme!r} is not asked")
    named = {name: getattr(settings, name) for name in settings.__struct_fields__}
    key = settings.key or os.environ.get("MAILRISK_LLM_KEY", "")
    return language_model.LanguageModel(language_model.Endpoint(**{**named, "key": key}))


def _correspondents(data_dir: Path, config: Config) -> Correspondents:
    from mailrisk.edge.correspondence_key import CorrespondenceKey

    return Correspondents(CorrespondenceKey(data_dir), config.organisation.learn_correspondence)


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"the data directory {data_dir} cannot be made: {error.strerror}") from None


def _feed_plan(config: Config) -> FeedPlan:
    """Which feeds there are and which are fetched; a configured feed replaces a shipped one of its name."""
    settings = config.feeds
    return make_plan(
        load_feeds(),
        config.feed,
        scheduled=settings.fetch,
        enable=settings.enable,
        disable=settings.disable,
        keys=settings.keys,
        environment=os.environ,
        proxy=settings.proxy,
        private=settings.allow_private,
    )


def _resolver(config: Config, network: bool) -> Lookup:
    if not (network and config.network.enabled):
        return Sources({})
    for text in config.network.nameservers:
        parse_ip(split_port(text)[0])  # A wrong one is said at the start, and not at the first question.
    sources: dict[str, Callable[[], Source]] = {"dns": lambda: _name_servers(config)}
    if config.network.domain_facts:
        sources["rdap"] = lambda: _registries(config)
    if config.network.domain_facts and not config.feeds.proxy:
        # Where all goes through a proxy, a look at any host's certificate is nothing that we may try.
        sources["certificate"] = _certificates
    return Sources(sources)


def _name_servers(config: Config) -> Source:
    from mailrisk.edge.resolver import DnsResolver

    return DnsResolver(config.network.nameservers, timeout_s=config.network.dns_timeout_s)


def _registries(config: Config) -> Source:
    from mailrisk.edge.fetch import Egress
    from mailrisk.edge.rdap import Rdap

    return Rdap(egress=Egress(proxy=config.feeds.proxy))


def _certificates() -> Source:
    from mailrisk.edge.certificates import Certificates

    return Certificates()

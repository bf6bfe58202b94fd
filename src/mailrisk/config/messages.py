"""How deeply messages are read."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mailrisk.config.section import Section


class Files(Section, frozen=True):
    """``[files]``: opening what messages carry, in processes of their own."""

    children: Annotated[
        int, Meta(ge=1, le=64, description="Processes that open files, each started when it is needed")
    ] = 2
    time_s: Annotated[
        float, Meta(gt=0, description="CPU seconds for the files of one message; twice that by the clock")
    ] = 10.0
    memory_mb: Annotated[int, Meta(ge=512, description="Address space of each of these processes, MiB")] = (
        2_048
    )
    yara_rules: Annotated[
        str, Meta(description="Directory with YARA rules of your own (*.yar), beside the shipped ones")
    ] = ""


class Deepen(Section, frozen=True):
    """``[deepen]``: slow stages (OCR, embeddings, language model), done where they could change the verdict."""

    band: Annotated[
        tuple[float, float],
        Meta(
            description="Probabilities between which the quick stages leave a verdict uncertain: from, to below"
        ),
    ] = (0.04, 0.90)
    budget_s: Annotated[
        float, Meta(gt=0, description="Time limit of all slow stages of one message together, seconds")
    ] = 20.0
    most_pictures: Annotated[
        int, Meta(ge=0, le=100, description="Pictures of one message that are read, the largest first")
    ] = 6
    off: Annotated[
        tuple[str, ...],
        Meta(description="Stages that are never done: ocr, unlock, embedding, language-model"),
    ] = ()


class Llm(Section, frozen=True):
    """``[llm]``: a language model behind an OpenAI-compatible endpoint, asked about uncertain messages alone."""

    url: Annotated[
        str, Meta(description="Base URL, as http://127.0.0.1:11434/v1; '': no language model is asked")
    ] = ""
    model: Annotated[str, Meta(description="Name of the model, as the endpoint knows it")] = ""
    key: Annotated[str, Meta(description="Its key; or MAILRISK_LLM_KEY in the environment")] = ""
    proxy: Annotated[str, Meta(description="HTTP proxy, http://[user:password@]host:port")] = ""
    timeout_s: Annotated[float, Meta(gt=0, description="Time limit of one answer, seconds")] = 15.0
    per_hour: Annotated[int, Meta(ge=0, description="Questions an hour at most")] = 200
    per_day: Annotated[int, Meta(ge=0, description="Questions a day at most")] = 2_000
    tokens_per_day: Annotated[
        int, Meta(ge=0, description="Tokens a day after which no more is asked, as the endpoint counts them")
    ] = 4_000_000
    max_chars: Annotated[
        int, Meta(ge=200, le=12_000, description="Characters of a message's text that are sent, redacted")
    ] = 6_000
    cache: Annotated[int, Meta(ge=0, description="Answers kept in memory, for a day at most")] = 1_000

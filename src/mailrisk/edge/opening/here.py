"""Opens files in the calling process: for tests and experiments with files that are known to be harmless."""

from __future__ import annotations

from functools import cached_property

from mailrisk.collect.files.open import Opened, Tools
from mailrisk.edge.opening.child import make_tools, open_job
from mailrisk.edge.opening.job import Job


class OpenHere:
    """No process, no limits on time and memory: the other implementation of the seam that ``pool.py`` fills."""

    @cached_property
    def tools(self) -> Tools:
        """The native libraries, loaded when the first file is opened."""
        return make_tools({})

    async def open(self, job: Job) -> Opened:
        """What is in the files of one message."""
        return open_job(job, self.tools)

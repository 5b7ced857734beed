"""Work that failed for good, in one list, whoever did it.

Each app registers what it has in `AppConfig.ready()`: `dead_letters.register(JournalLetters())`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import ngettext

from helpdesk import health

# No need to count further to know that something is wrong.
_MOST_COUNTED = 100


@dataclass(frozen=True)
class DeadLetter:
    """One thing that nobody tries any more; `why` is for an admin, in words."""

    source: "Source"
    pk: int
    at: datetime
    what: str
    why: str
    # Where more of it is shown, '' for nowhere.
    address: str = ""
    # What leaving it means, where it is more than that.
    way_out: str | Promise = ""


class Source(ABC):
    """One kind of work. `by` is the id of the admin who decides."""

    name: str
    label: str | Promise

    @abstractmethod
    def newest(self, before: datetime | None, limit: int) -> Iterable[DeadLetter]:
        """Letters older than `before`, newest first."""

    @abstractmethod
    def retry(self, pk: int, by: int) -> str:
        """Try it once more: '' where it went well, else why not. Raises `LookupError`."""

    @abstractmethod
    def discard(self, pk: int, by: int) -> None:
        """Leave it for good. Raises `LookupError`."""


sources: dict[str, Source] = {}


def register(source: Source) -> None:
    sources[source.name] = source


def newest(before: datetime | None, limit: int) -> list[DeadLetter]:
    """Letters of all sources older than `before`, newest first."""
    found = [letter for each in sources.values() for letter in each.newest(before, limit)]
    return sorted(found, key=lambda letter: letter.at, reverse=True)[:limit]


@health.check("dead_letters")
def _none() -> None:
    if count := len(newest(None, _MOST_COUNTED)):
        raise health.Unhealthy(
            ngettext(
                "%(count)s thing failed for good: see the dead letters.",
                "%(count)s things failed for good: see the dead letters.",
                count,
            )
            % {"count": count}
        )

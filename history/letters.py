"""Events that a reader could not deal with, for the list of dead letters."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from helpdesk.dead_letters import DeadLetter, Source
from history import readers
from history.models import ReaderFailure


class ReaderLetters(Source):
    name = "reader"
    label = _("What follows from it")

    def newest(self, before: datetime | None, limit: int) -> Iterable[DeadLetter]:
        rows = ReaderFailure.objects.filter(dead=True)
        if before:
            rows = rows.filter(failed_at__lt=before)
        for row in rows.order_by("-failed_at")[:limit]:
            what = f"{row.reader} · {row.event_id}"
            yield DeadLetter(self, row.pk, row.failed_at, what, row.error)

    def retry(self, pk: int, by: int) -> str:
        return readers.run_again(self._find(pk))

    def discard(self, pk: int, by: int) -> None:
        self._find(pk).delete()

    def _find(self, pk: int) -> ReaderFailure:
        if found := ReaderFailure.objects.filter(pk=pk, dead=True).first():
            return found
        raise LookupError(pk)

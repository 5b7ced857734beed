"""What failed for good on its way in or out, for the list of dead letters."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from channels_ingest import delivering, journal
from channels_ingest.models import InboundEvent
from helpdesk.dead_letters import DeadLetter, Source
from history.recording import Actor
from tickets.models import Delivery


class JournalLetters(Source):
    """Events that could not be read."""

    name = "journal"
    label = _("What came in")

    def newest(self, before: datetime | None, limit: int) -> Iterable[DeadLetter]:
        rows = InboundEvent.objects.filter(state=InboundEvent.State.DEAD)
        if before:
            rows = rows.filter(received_at__lt=before)
        for row in rows.select_related("channel").defer("body").order_by("-pk")[:limit]:
            yield DeadLetter(
                self,
                row.pk,
                row.received_at,
                str(row.channel or f"{row.kind} {row.account}"),
                row.reason,
                reverse("settings:event", args=[row.pk]),
            )

    def retry(self, pk: int, by: int) -> str:
        event = self._find(pk)
        journal.replay(event)
        event.refresh_from_db(fields=["state", "reason"])
        is_done = event.state in (InboundEvent.State.PROCESSED, InboundEvent.State.IGNORED)
        return "" if is_done else event.reason

    def discard(self, pk: int, by: int) -> None:
        journal.discard(self._find(pk), "discarded")

    def _find(self, pk: int) -> InboundEvent:
        event = InboundEvent.objects.defer("body").filter(pk=pk, state=InboundEvent.State.DEAD)
        if found := event.first():
            return found
        raise LookupError(pk)


class OutboxLetters(Source):
    """Answers that did not go out, or may not have."""

    name = "outbox"
    label = _("What goes out")

    _states = (Delivery.State.FAILED, Delivery.State.UNCERTAIN)

    def newest(self, before: datetime | None, limit: int) -> Iterable[DeadLetter]:
        rows = Delivery.objects.filter(state__in=self._states)
        if before:
            rows = rows.filter(created_at__lt=before)
        for row in rows.select_related("channel", "message__ticket").order_by("-pk")[:limit]:
            number = row.message.ticket.number
            yield DeadLetter(
                self,
                row.pk,
                row.created_at,
                f"#{number} · {row.channel}",
                row.error or str(row.get_state_display()),
                reverse("inbox:ticket", args=[number]),
                _("It arrived") if row.state == Delivery.State.UNCERTAIN else "",
            )

    def retry(self, pk: int, by: int) -> str:
        delivery = self._find(pk)
        try:
            delivering.send_again(delivery, by=Actor("agent", by))
        except delivering.NotPossible as e:
            return str(e)
        delivery.refresh_from_db(fields=["state", "error"])
        return delivery.error if delivery.state in self._states else ""

    def discard(self, pk: int, by: int) -> None:
        delivery = self._find(pk)
        if delivery.state == Delivery.State.UNCERTAIN:
            delivering.call_it_sent(delivery, by=Actor("agent", by))
        else:
            delivering.leave(delivery, by=Actor("agent", by))

    def _find(self, pk: int) -> Delivery:
        if found := Delivery.objects.filter(pk=pk, state__in=self._states).first():
            return found
        raise LookupError(pk)

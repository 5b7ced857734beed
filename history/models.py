from django.db import models


class Event(models.Model):
    """One fact of history, as it was then. Append-only: a trigger keeps it so.

    References are plain numbers without foreign keys and `data` holds codes, ids, numbers and
    times only (`history.kinds`), so that figures survive a merge or an erasure.
    """

    # Position in the log, given by the sequencer once the row is committed.
    seq = models.BigIntegerField(null=True, unique=True)
    kind = models.CharField(max_length=64)
    at = models.DateTimeField()
    subject_kind = models.CharField(max_length=32)
    subject_id = models.BigIntegerField()
    ticket_id = models.BigIntegerField(null=True)
    customer_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    shop_id = models.BigIntegerField(null=True)
    channel_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    assignee_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="event_unnumbered", condition=models.Q(seq__isnull=True)
            ),
            models.Index(
                fields=["ticket_id", "id"],
                name="event_of_ticket",
                condition=models.Q(ticket_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class ReaderPosition(models.Model):
    """How far one reader of the log has come: the `seq` of the last event it has dealt with."""

    reader = models.CharField(max_length=64, primary_key=True)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.reader} at {self.seq}"


class ReaderFailure(models.Model):
    """An event that a reader could not deal with; the third try makes it dead."""

    reader = models.CharField(max_length=64)
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", db_constraint=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField()
    dead = models.BooleanField(default=False)
    failed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reader", "event"], name="reader_failure_once")
        ]

    def __str__(self) -> str:
        return f"{self.reader} failed on event {self.event_id}"

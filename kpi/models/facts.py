from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models


class TicketFact(models.Model):
    """What is counted of one ticket: a pure function of its events, clocks and calendars.

    Ids are plain numbers, as in the event log, so that figures survive an erasure. Times of day
    are those of the shop.
    """

    ticket_id = models.BigIntegerField(primary_key=True)
    shop_id = models.BigIntegerField()
    channel_id = models.BigIntegerField()
    team_id = models.BigIntegerField()
    agent_id = models.BigIntegerField(null=True)
    reason_id = models.BigIntegerField(null=True)
    customer_id = models.BigIntegerField(null=True)
    follows_id = models.BigIntegerField(null=True)
    # Spam, merged into another, a test, or no customer ever wrote: in no figure.
    excluded = models.BooleanField()
    contact_at = models.DateTimeField(null=True)
    frt_seconds = models.BigIntegerField(null=True)
    frt_business_seconds = models.BigIntegerField(null=True)
    # From the customer's first message, where a bot had answered before.
    frt_total_seconds = models.BigIntegerField(null=True)
    art_seconds = models.BigIntegerField(null=True)
    art_business_seconds = models.BigIntegerField(null=True)
    first_solved_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)
    auto_solved = models.BooleanField(default=False)
    reopened = models.BooleanField(default=False)
    # Solved at the first contact, as far as this ticket alone tells; null while unsolved.
    fcr = models.BooleanField(null=True)
    # The customer came with the same issue again, on another ticket.
    repeated = models.BooleanField(default=False)
    # [metric, day, team, agent, count, value, key of the histogram]: what the roll-ups hold of it.
    cells = models.JSONField(default=list)
    # The days of its cells, for finding the tickets behind a figure.
    days = DateRangeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["customer_id", "contact_at"],
                name="fact_of_customer",
                condition=models.Q(excluded=False),
            ),
            GistIndex(fields=["days"], name="fact_days"),
        ]

    def __str__(self) -> str:
        return f"fact of ticket {self.ticket_id}"


class DailyRollup(models.Model):
    """One metric of one day (or whole month) and one place: how many, their sum, how they spread.

    A row stands for its `level`: the columns that the level does not name are 0. Which key of
    `sketch` means what depends on the metric: a bucket of time, an hour of the week, a score.
    """

    class Level(models.IntegerChoices):
        """How finely the figures are split: a question is answered from the coarsest that can."""

        TOTAL = 0
        CHANNEL = 1
        REASON = 2
        PERSON = 3
        FULL = 4

    level = models.PositiveSmallIntegerField(choices=Level)
    # The row sums up the month that begins on `day`.
    is_month = models.BooleanField()
    day = models.DateField()
    shop_id = models.BigIntegerField()
    channel_id = models.BigIntegerField()
    team_id = models.BigIntegerField()
    agent_id = models.BigIntegerField()
    reason_id = models.BigIntegerField()
    metric = models.CharField(max_length=20)
    count = models.BigIntegerField()
    sum = models.BigIntegerField()
    sketch = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "level",
                    "is_month",
                    "day",
                    "metric",
                    "shop_id",
                    "channel_id",
                    "team_id",
                    "agent_id",
                    "reason_id",
                ],
                name="rollup_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.day}"

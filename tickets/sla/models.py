import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Calendar(models.Model):
    """When the shop works. What it says is in its versions; the newest holds."""

    public_id = models.UUIDField(
        default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False
    )
    name = models.CharField(_("name"), max_length=100)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], name="calendar_one_default", condition=Q(is_default=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class CalendarVersion(models.Model):
    """Working hours, never changed once made: past figures keep the calendar they were made with.

    `week` has seven lists (Monday first) of ["HH:MM", "HH:MM"] periods; `holidays` is a country
    code of the library `holidays` or ''; `days` maps "YYYY-MM-DD" to the periods of that one day
    ([] is closed).
    """

    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="versions")
    timezone = models.CharField(max_length=50, default="Europe/Warsaw")
    week = models.JSONField()
    holidays = models.CharField(max_length=2, blank=True, default="PL")
    days = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.calendar} v{self.pk}"


class Policy(models.Model):
    """What is promised to whom. The newest version holds for clocks that start or still run.

    The first policy in the order of `position` whose conditions fit holds for a ticket; the default
    one, which has no conditions, comes last.
    """

    public_id = models.UUIDField(
        default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False
    )
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveIntegerField(default=0)
    active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["is_default", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], name="policy_one_default", condition=Q(is_default=True)
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(active=True), name="policy_default_active"
            ),
        ]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Step:
    """What is done when `share` percent of the promised time have passed: under 100 a warning.

    `metric` is '' for every promise; `value` is the id or code that `do` needs.
    """

    class Do(models.TextChoices):
        NOTIFY = "notify", _("notify whoever has the ticket")
        NOTIFY_SUPERVISORS = "supervisors", _("notify the team's supervisors")
        PRIORITY = "priority", _("raise the priority")
        UNASSIGN = "unassign", _("give the ticket back to the team")
        TEAM = "team", _("hand it to another team")

    share: int
    do: str
    value: str = ""
    metric: str = ""

    @property
    def key(self) -> str:
        """The same for the same step in every version, so that a change fires nothing twice."""
        return f"{self.share}:{self.do}:{self.value}"


def default_pauses() -> list[str]:
    return ["pending", "on_hold"]


class PolicyVersion(models.Model):
    """What a policy promises, never changed once made. Null minutes promise nothing.

    `conditions` holds lists of what fits (`channel_kinds`, `channels`, `shops`, `priorities`,
    `reasons`; absent: all do) and `vip`; `steps` holds the fields of `Step`; in the statuses
    `pauses` clocks stand still; `restarts`: a ticket opened again is promised a resolution anew.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+")
    first_response_minutes = models.PositiveIntegerField(null=True)
    next_response_minutes = models.PositiveIntegerField(null=True)
    resolution_minutes = models.PositiveIntegerField(null=True)
    conditions = models.JSONField(default=dict)
    # Whether minutes are counted day and night instead of in working hours.
    round_the_clock = models.BooleanField(default=False)
    pauses = models.JSONField(default=default_pauses)
    restarts = models.BooleanField(default=False)
    steps = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.policy} v{self.pk}"

    def promised(self, metric: str) -> timedelta | None:
        """The time promised for this metric; None where nothing is promised."""
        value: int | None = getattr(self, f"{metric}_minutes")
        return None if value is None else timedelta(minutes=value)

    def steps_of(self, metric: str) -> list[Step]:
        """The steps for this promise, in the order of time."""
        steps = sorted((Step(**step) for step in self.steps), key=lambda step: step.share)
        return [step for step in steps if step.metric in ("", metric)]


class Target(models.Model):
    """The clock of one promise on one ticket: a pure function of the events and the versions."""

    class Metric(models.TextChoices):
        FIRST_RESPONSE = "first_response", _("First response")
        NEXT_RESPONSE = "next_response", _("Next response")
        RESOLUTION = "resolution", _("Resolution")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        MET = "met", _("Kept")
        BREACHED = "breached", _("Broken")
        # Ended without a verdict: spam, merged, or the customer's matter went away.
        ENDED = "ended", _("Ended")

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="targets")
    metric = models.CharField(max_length=16, choices=Metric)
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    calendar = models.ForeignKey(CalendarVersion, models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    met_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    # The moment the promise was broken; a late answer still sets `met_at`.
    breached_at = models.DateTimeField(null=True)
    # When the timer has to look at this clock; null while it stands still.
    next_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "metric"],
                name="target_one_clock",
                condition=Q(state__in=["running", "paused"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"], name="target_next", condition=Q(next_at__isnull=False)
            ),
            models.Index(fields=["ticket", "id"], name="target_of_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.state}"


class FiredStep(models.Model):
    """One step of one clock that has been done; the row is what makes it happen once."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="fired")
    key = models.CharField(max_length=100)
    fired_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "key"], name="step_fires_once")]

    def __str__(self) -> str:
        return f"{self.target_id} {self.key}"

import uuid
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
    """What is promised. The newest version holds for clocks that start or still run."""

    name = models.CharField(_("name"), max_length=100)
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], name="policy_one_default", condition=Q(is_default=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """Business minutes for each promise; null promises nothing."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+")
    first_response_minutes = models.PositiveIntegerField(null=True)
    next_response_minutes = models.PositiveIntegerField(null=True)
    resolution_minutes = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.policy} v{self.pk}"

    def promised(self, metric: str) -> timedelta | None:
        """The time promised for this metric; None where nothing is promised."""
        value: int | None = getattr(self, f"{metric}_minutes")
        return None if value is None else timedelta(minutes=value)


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
                fields=["due_at"],
                name="target_due",
                condition=Q(state="running", breached_at__isnull=True),
            ),
            models.Index(fields=["ticket", "id"], name="target_of_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.state}"

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Goal(models.Model):
    """What a figure should be, in its own unit (times in seconds, shares in percent)."""

    figure = models.CharField(max_length=20, unique=True)
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.figure}: {self.value}"


class Report(models.Model):
    """The figures of a part of the company, sent by e-mail again and again."""

    class Every(models.TextChoices):
        DAY = "day", _("Every day")
        WEEK = "week", _("Every Monday")
        MONTH = "month", _("On the first of each month")

    # The figures are those that this user may see, and end with their account.
    owner = models.ForeignKey(User, models.CASCADE, related_name="reports")
    every = models.CharField(_("How often"), max_length=5, choices=Every, default=Every.WEEK)
    recipients = ArrayField(models.EmailField(), verbose_name=_("To"))
    # The filters as they stand in an address, without the period.
    filters = models.CharField(max_length=1_000, blank=True)
    last_sent_on = models.DateField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.every}: {', '.join(self.recipients)}"

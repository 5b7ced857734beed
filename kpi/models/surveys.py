import uuid

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Customer, Shop
from tickets.models import Message, Reason, Tag, Ticket


class SurveyPlan(models.Model):
    """What a shop asks its customers, and when. Without a row nobody is asked."""

    class AfterSolved(models.TextChoices):
        NOTHING = "", _("Nothing")
        CSAT = "csat", _("Satisfaction (CSAT, 1 to 5)")
        CES = "ces", _("Effort (CES, 1 to 7)")

    shop = models.OneToOneField(Shop, models.CASCADE, related_name="survey_plan")
    after_solved = models.CharField(
        _("After a ticket is solved"), max_length=4, choices=AfterSolved, blank=True, default=""
    )
    delay_minutes = models.PositiveIntegerField(
        _("Minutes after the solution"),
        default=120,
        validators=[MaxValueValidator(7 * 24 * 60)],
        help_text=_("In a chat the question comes at once."),
    )
    asks_nps = models.BooleanField(
        _("Then ask whether they would recommend the shop (NPS)"),
        default=False,
        help_text=_("A customer is asked once in 180 days at most."),
    )
    customer_days = models.PositiveSmallIntegerField(
        _("Days before the same customer is asked again"),
        default=7,
        validators=[MaxValueValidator(365)],
    )
    skipped_reasons = models.ManyToManyField(
        Reason, blank=True, verbose_name=_("Never for these contact reasons"), related_name="+"
    )
    skipped_tags = models.ManyToManyField(
        Tag, blank=True, verbose_name=_("Never for these tags"), related_name="+"
    )
    alert_below = models.PositiveSmallIntegerField(
        _("Show the ticket to somebody for scores up to"),
        default=2,
        validators=[MaxValueValidator(7)],
        help_text=_("The ticket is marked as one to look at. 0 for never."),
    )

    def __str__(self) -> str:
        return f"{self.shop}: {self.after_solved or '-'}"


class SurveyResponse(models.Model):
    """One question to one customer, and the answer. The last answer holds; the first is kept."""

    class Kind(models.TextChoices):
        CSAT = "csat", _("Satisfaction")
        CES = "ces", _("Effort")
        NPS = "nps", _("Recommendation")

    SCORES = {Kind.CSAT: range(1, 6), Kind.CES: range(1, 8), Kind.NPS: range(11)}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=4, choices=Kind)
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="survey_responses")
    # None for what is not about a ticket.
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, related_name="survey_responses")
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    # Whom the score is due to, as plain numbers: the figures keep them.
    channel_id = models.BigIntegerField(default=0)
    team_id = models.BigIntegerField(default=0)
    agent_id = models.BigIntegerField(null=True)
    reason_id = models.BigIntegerField(null=True)
    sent_at = models.DateTimeField()
    # Why it could not be sent, as a code; such a row only keeps it from being tried again.
    refused = models.CharField(max_length=40, blank=True)
    score = models.PositiveSmallIntegerField(null=True)
    first_score = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    # The cells that the roll-ups hold of it, as in `TicketFact`.
    cells = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="csat", score__range=(1, 5))
                | Q(kind="ces", score__range=(1, 7))
                | Q(kind="nps", score__range=(0, 10))
                | Q(score__isnull=True),
                name="survey_score_on_scale",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True, answered_at__isnull=True)
                | Q(score__isnull=False, answered_at__isnull=False),
                name="survey_answer_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["ticket", "-sent_at"], name="survey_of_ticket"),
            models.Index(fields=["customer", "-sent_at"], name="survey_of_customer"),
            models.Index(
                fields=["-answered_at", "-id"],
                name="survey_answered",
                condition=Q(answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.score}"

    @property
    def scores(self) -> range:
        return self.SCORES[self.Kind(self.kind)]

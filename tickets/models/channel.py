import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from crm.models import Shop
from tickets import kinds


class ChannelQuerySet(models.QuerySet["Channel"]):
    def visible_to(self, user: User) -> "ChannelQuerySet":
        """Channels of the user's teams, and of no team in particular; all for those who see all."""
        if user.sees_all:
            return self
        return self.filter(models.Q(team__isnull=True) | models.Q(team__in=user.teams.all()))


class Channel(models.Model):
    """One way in and out: a mailbox, a chat widget, a Facebook Page."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=32, choices=kinds.choices)
    name = models.CharField(_("name"), max_length=100)
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="channels", verbose_name=_("shop"))
    team = models.ForeignKey(
        Team,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="channels",
        verbose_name=_("team"),
    )
    # Working hours; empty for the standard ones.
    calendar = models.ForeignKey(
        "tickets.Calendar",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="channels",
        verbose_name=_("working hours"),
    )
    # After so many days a solved ticket closes; a message after that starts a follow-up.
    follow_up_days = models.PositiveSmallIntegerField(_("days until a solved ticket closes"))
    active = models.BooleanField(_("active"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def capabilities(self) -> kinds.Capabilities:
        return kinds.get(self.kind).capabilities

    @property
    def icon(self) -> str:
        return kinds.get(self.kind).icon

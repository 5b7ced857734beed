import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, User
from crm.models import Shop


class CannedReplyQuerySet(models.QuerySet["CannedReply"]):
    def visible_to(self, user: User) -> "CannedReplyQuerySet":
        """Those for everybody, and those of the user's teams."""
        if user.sees_all:
            return self
        mine = self.model.teams.through.objects.filter(team__in=user.teams.all())
        return self.filter(Q(teams=None) | Q(pk__in=mine.values("cannedreply")))

    def editable_by(self, user: User) -> "CannedReplyQuerySet":
        """An admin edits all; a supervisor those of their own teams alone."""
        if user.is_admin_role:
            return self
        if user.role != Role.SUPERVISOR:
            return self.none()
        elsewhere = self.model.teams.through.objects.exclude(team__in=user.teams.all())
        return self.exclude(teams=None).exclude(pk__in=elsewhere.values("cannedreply"))

    def for_shop(self, shop_id: int) -> "CannedReplyQuerySet":
        """Those for every shop, and those for this one."""
        its = self.model.shops.through.objects.filter(shop=shop_id)
        return self.filter(Q(shops=None) | Q(pk__in=its.values("cannedreply")))


class CannedReply(models.Model):
    """A prepared text that agents put into an answer; its placeholders are filled in then."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    folder = models.CharField(_("folder"), max_length=100, blank=True)
    body = models.TextField(_("text"), max_length=20_000)
    teams = models.ManyToManyField(Team, verbose_name=_("only for teams"), blank=True)
    shops = models.ManyToManyField(Shop, verbose_name=_("only for shops"), blank=True)
    times_used = models.PositiveIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CannedReplyQuerySet.as_manager()

    class Meta:
        ordering = ["folder", "name", "pk"]

    def __str__(self) -> str:
        return self.name


class Rule(models.Model):
    """When / if / then, as a checked tree (`tickets.automation.rules.tree`); tried in order."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveIntegerField(default=0)
    active = models.BooleanField(_("active"), default=False)
    # The kind of event, or the column since which time passes: the tree's `when`.
    trigger = models.CharField(max_length=64)
    tree = models.JSONField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class RuleRun(models.Model):
    """A rule that has acted on a ticket: once for an event, once for a state that time passed in.

    `why` holds the conditions with what they found, `done` what came of each action; codes and ids
    only, no words of customers.
    """

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="runs")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="rule_runs")
    # `event:<id>`, or `<column>:<its value>`.
    occasion = models.CharField(max_length=100)
    at = models.DateTimeField()
    why = models.JSONField(default=list)
    done = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "ticket", "occasion"], name="rule_runs_once")
        ]
        indexes = [
            models.Index(fields=["rule", "-at"], name="run_of_rule"),
            models.Index(fields=["ticket", "-at"], name="run_on_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} on {self.ticket_id}"

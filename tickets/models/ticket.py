import secrets
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from crm.models import Customer, Identity, Shop
from tickets.models.channel import Channel

_REF_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def new_ref() -> str:
    """8 random base32 characters for reply addresses (design: the parser takes [a-z0-9]{6,16})."""
    return "".join(secrets.choice(_REF_ALPHABET) for _position in range(8))


class NextTicketNumber(models.Func):
    """The next number of the sequence `tickets_ticket_number`, given by the database."""

    template = "nextval('tickets_ticket_number')"
    output_field = models.BigIntegerField()


class Tag(models.Model):
    """A short mark on tickets."""

    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=50)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Reason(models.Model):
    """Why the customer writes (contact reason), one a ticket."""

    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class _AmongThese(Func):
    """`column = ANY(ARRAY(subquery))`: means the same as IN, but is no blank for the planner.

    It takes half of all rows for what fulfils an IN (subquery) inside of an OR, and would then
    sort all open tickets rather than walk an index that has them in order.
    """

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()

    def __init__(self, column: str, rows: models.QuerySet[models.Model, Any]) -> None:
        super().__init__(column, ArraySubquery(rows))


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: User) -> "TicketQuerySet":
        """The one door for reading: own teams', assigned, followed; all for managers, admins."""
        if user.sees_all:
            return self
        teams = User.teams.through.objects.filter(user=user).values("team_id")
        followed = TicketFollower.objects.filter(user=user).values("ticket_id")
        return self.filter(Q(_AmongThese("team_id", teams)) | Q(assignee=user) | Q(pk__in=followed))

    def changeable_by(self, user: User) -> "TicketQuerySet":
        """The one door for writing: as for reading, but nothing for managers."""
        return self.visible_to(user) if user.can_change else self.none()

    def unfinished(self) -> "TicketQuerySet":
        """What still needs somebody: neither solved nor closed, no spam, not merged away."""
        return self.filter(status__in=Ticket.UNFINISHED, spam=False, merged_into__isnull=True)

    def for_list(self) -> "TicketQuerySet":
        """Everything that one row of the ticket list shows, in a fixed number of queries."""
        return self.select_related("customer", "assignee", "channel").prefetch_related(
            "tags", "targets"
        )

    def page_after(self, order: str, value: datetime | None, ticket_id: int) -> "TicketQuerySet":
        """Rows after this position (keyset). `order` is the column, "-" for newest first."""
        column, newest_first = order.lstrip("-"), order.startswith("-")
        way = "lt" if newest_first else "gt"
        return self.filter(
            # Adds no meaning, but lets PostgreSQL start at the right place of the index.
            Q(**{f"{column}__{way}e": value})
            & (Q(**{f"{column}__{way}": value}) | Q(**{f"id__{way}": ticket_id}))
        ).order_by(order, "-id" if newest_first else "id")


class Ticket(models.Model):
    """One case of one customer, over any number of channels."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        OPEN = "open", _("Open")
        PENDING = "pending", _("Waiting for customer")
        ON_HOLD = "on_hold", _("On hold")
        SOLVED = "solved", _("Solved")
        CLOSED = "closed", _("Closed")

    class Priority(models.TextChoices):
        LOW = "low", _("Low")
        NORMAL = "normal", _("Normal")
        HIGH = "high", _("High")
        URGENT = "urgent", _("Urgent")

    UNFINISHED = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)

    number = models.BigIntegerField(unique=True, editable=False, db_default=NextTicketNumber())
    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    subject = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    reason = models.ForeignKey(Reason, models.PROTECT, null=True, related_name="tickets")
    tags = models.ManyToManyField(Tag, related_name="tickets")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="tickets")
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="tickets")
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="tickets")
    assignee = models.ForeignKey(User, models.PROTECT, null=True, related_name="assigned_tickets")
    team = models.ForeignKey(Team, models.PROTECT, related_name="tickets")
    followers = models.ManyToManyField(User, through="TicketFollower", related_name="followed")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)
    first_response_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # Since when the customer waits for us; null while nobody waits.
    waiting_since = models.DateTimeField(null=True)
    last_message_at = models.DateTimeField()
    # The newest message of the customer: reply windows count from it.
    last_inbound_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    needs_review = models.BooleanField(default=False)
    spam = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="absorbed")
    # Facts of the channel that are no message: referral, who owns the thread.
    context = models.JSONField(default=dict)
    # The first words of the newest public message, for the list.
    preview = models.CharField(max_length=160, blank=True)
    version = models.BigIntegerField(default=0)

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["new", "open", "pending", "on_hold", "solved", "closed"]),
                name="ticket_status_known",
            ),
            models.CheckConstraint(
                condition=Q(priority__in=["low", "normal", "high", "urgent"]),
                name="ticket_priority_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="solved") | Q(solved_at__isnull=False),
                name="ticket_solved_has_solved_at",
            ),
            models.CheckConstraint(
                condition=~Q(status="closed") | Q(closed_at__isnull=False),
                name="ticket_closed_has_closed_at",
            ),
            models.CheckConstraint(
                condition=~Q(merged_into=models.F("id")), name="ticket_not_into_itself"
            ),
        ]
        indexes = [
            # The id breaks ties, so that no page skips or repeats a ticket.
            models.Index(fields=["-last_message_at", "-id"], name="ticket_newest"),
            models.Index(fields=["team", "-last_message_at", "-id"], name="ticket_team_newest"),
            models.Index(fields=["channel", "-last_message_at", "-id"], name="ticket_chan_newest"),
            models.Index(fields=["status", "-last_message_at", "-id"], name="ticket_status_newest"),
            models.Index(fields=["customer", "-last_message_at", "-id"], name="ticket_of_customer"),
            models.Index(fields=["-updated_at", "-id"], name="ticket_updated"),
            models.Index(fields=["-created_at", "-id"], name="ticket_created"),
            models.Index(
                fields=["assignee", "-last_message_at", "-id"],
                name="ticket_mine",
                condition=Q(status__in=["new", "open", "pending", "on_hold"], spam=False),
            ),
            models.Index(
                fields=["-last_message_at", "-id"],
                name="ticket_unfinished",
                condition=Q(
                    status__in=["new", "open", "pending", "on_hold"],
                    spam=False,
                    merged_into__isnull=True,
                ),
            ),
            models.Index(
                fields=["channel", "-last_message_at", "-id"],
                name="ticket_chan_unfinished",
                condition=Q(
                    status__in=["new", "open", "pending", "on_hold"],
                    spam=False,
                    merged_into__isnull=True,
                ),
            ),
            models.Index(
                fields=["waiting_since", "id"],
                name="ticket_waits",
                condition=Q(
                    status__in=["new", "open", "pending", "on_hold"],
                    waiting_since__isnull=False,
                    spam=False,
                    merged_into__isnull=True,
                ),
            ),
            models.Index(
                fields=["snoozed_until", "id"],
                name="ticket_snoozed",
                condition=Q(snoozed_until__isnull=False),
            ),
            models.Index(
                fields=["-last_message_at", "-id"],
                name="ticket_review",
                condition=Q(needs_review=True),
            ),
            models.Index(
                fields=["-last_message_at", "-id"], name="ticket_spam", condition=Q(spam=True)
            ),
            models.Index(
                fields=["solved_at"], name="ticket_to_close", condition=Q(status="solved")
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.subject}"


class Participant(models.Model):
    """An identity in a ticket. Only requester and cc count as known senders."""

    class Role(models.TextChoices):
        REQUESTER = "requester", _("Requester")
        CC = "cc", _("Copy")
        THIRD_PARTY = "third_party", _("Third party")
        PROPOSED = "proposed", _("Proposed copy")

    KNOWN = (Role.REQUESTER, Role.CC)

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="participants")
    identity = models.ForeignKey(Identity, models.PROTECT, related_name="participations")
    role = models.CharField(max_length=12, choices=Role)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "identity"], name="participant_once"),
            models.CheckConstraint(
                condition=Q(role__in=["requester", "cc", "third_party", "proposed"]),
                name="participant_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.identity} ({self.role})"


class TicketFollower(models.Model):
    """A user who sees a ticket because they follow it or were mentioned in it."""

    class Why(models.TextChoices):
        FOLLOWS = "follows", _("Follows")
        MENTIONED = "mentioned", _("Mentioned")

    ticket = models.ForeignKey(Ticket, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    why = models.CharField(max_length=10, choices=Why, default=Why.FOLLOWS)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="follower_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.why} {self.ticket_id}"


class TicketLink(models.Model):
    """One ticket belongs to another in some way."""

    class Kind(models.TextChoices):
        FOLLOW_UP = "follow_up", _("Follow-up of")
        MAY_BELONG = "may_belong", _("May belong to")
        RELATED = "related", _("Related to")
        DUPLICATE = "duplicate", _("Duplicate of")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="links")
    other = models.ForeignKey(Ticket, models.CASCADE, related_name="linked_from")
    kind = models.CharField(max_length=12, choices=Kind)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "other", "kind"], name="ticket_link_once"),
            models.CheckConstraint(
                condition=~Q(ticket=models.F("other")), name="ticket_link_to_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind} {self.other_id}"


class Seen(models.Model):
    """The newest message of a ticket that a user has had on the screen."""

    user = models.ForeignKey(User, models.CASCADE)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="seen_by")
    message_id = models.BigIntegerField()
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "ticket"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.user_id} saw {self.message_id}"

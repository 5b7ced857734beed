import uuid
import zoneinfo
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Team, User
from crm import names, visibility
from helpdesk.polish import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def validate_timezone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone: %(name)s"), params={"name": value})


class ShopQuerySet(models.QuerySet["Shop"]):
    def served_by(self, user: User) -> "ShopQuerySet":
        """Shops that a team of this user serves; every shop for those who see all."""
        if user.sees_all:
            return self
        return self.filter(teams__in=user.teams.all()).distinct()


class Shop(models.Model):
    """A store or brand of the company that runs the helpdesk."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    timezone = models.CharField(
        _("time zone"), max_length=50, default="Europe/Warsaw", validators=[validate_timezone]
    )
    locale = models.CharField(_("language"), max_length=10, default="pl")
    teams = models.ManyToManyField(Team, through="TeamShop", related_name="shops")

    objects = ShopQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)


class TeamShop(models.Model):
    """A team serves a shop, so its agents see that shop's customers."""

    team = models.ForeignKey(Team, models.CASCADE)
    shop = models.ForeignKey(Shop, models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "shop"], name="team_shop_once")]

    def __str__(self) -> str:
        return f"{self.team} - {self.shop}"


class KeyShop(models.Model):
    """An API key with rows here may touch these shops only."""

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="shop_limits")
    # A key whose last shop went away would be a key without limits.
    shop = models.ForeignKey(Shop, models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "shop"], name="key_shop_once")]

    def __str__(self) -> str:
        return f"{self.key} - {self.shop}"


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User, shops: "Collection[int] | None" = None) -> "CustomerQuerySet":
        """Customers with a ticket that the user sees, or of a shop that a team of theirs serves.

        `shops` narrows it to tickets and customers of these shops (a limited key).
        """
        if user.sees_all and shops is None:
            return self
        served = CustomerShop.objects.filter(
            customer=models.OuterRef("pk"), shop__in=Shop.objects.served_by(user)
        )
        if shops is not None:
            served = served.filter(shop__in=shops)
        return self.filter(visibility.by_tickets(user, shops) | models.Q(models.Exists(served)))

    def current(self) -> "CustomerQuerySet":
        """Without those that were merged into another or erased."""
        return self.filter(merged_into__isnull=True, erased_at__isnull=True)


class Customer(models.Model):
    """A person who writes or calls."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    form_of_address = models.CharField(_("form of address"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    vip = models.BooleanField(_("VIP"), default=False)
    note = models.TextField(_("note"), blank=True)
    # What the installation itself wants to know of customers, by the slug of the field.
    fields = models.JSONField(default=dict, blank=True)
    sort_key = models.CharField(max_length=255, blank=True, editable=False)
    version = models.BigIntegerField(default=1)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="absorbed")
    erased_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="customer_not_into_itself"
            )
        ]
        indexes = [
            models.Index(fields=["sort_key", "id"], name="customer_by_name"),
            models.Index(fields=["-updated_at", "-id"], name="customer_newest"),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    def save(self, *args: Any, update_fields: "Iterable[str] | None" = None, **kwargs: Any) -> None:
        self.set_sort_key()
        if update_fields is not None:
            update_fields = {*update_fields, "updated_at"}
            if "name" in update_fields:
                update_fields.add("sort_key")
        super().save(*args, update_fields=update_fields, **kwargs)

    def set_sort_key(self) -> None:
        self.sort_key = sort_key(self.name)[:255]

    @property
    def initials(self) -> str:
        return names.initials(self.name)


class CustomerField(models.Model):
    """Something that this installation wants to know of its customers."""

    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Identity(models.Model):
    """One handle of a customer. `scope` is the channel's public id for page-scoped ids, else ''."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        VISITOR = "visitor", _("Chat visitor")
        PAGE_SCOPED = "page_scoped", _("Messenger profile")
        EXTERNAL = "external", _("Shop account")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="identities")
    kind = models.CharField(max_length=16, choices=Kind)
    scope = models.CharField(max_length=64, blank=True)
    value = models.CharField(max_length=320)
    # As the person writes it; `value` is the form in which it is compared.
    display = models.CharField(max_length=320, blank=True)
    name = models.CharField(max_length=200, blank=True)
    verified_at = models.DateTimeField(null=True)
    # The provider said for good that nothing can be delivered here (hard bounce, blocked).
    unreachable_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["kind", "scope", "value"], name="identity_once"),
            models.CheckConstraint(condition=~models.Q(value=""), name="identity_has_value"),
        ]

    def __str__(self) -> str:
        return self.display or self.value


class CustomerShop(models.Model):
    """A customer of one shop, by the shop's own id where it is known."""

    shop = models.ForeignKey(Shop, models.PROTECT)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="shops")
    external_id = models.CharField(max_length=100, null=True)
    # Of what the shop last told of them.
    content_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "external_id"], name="customer_shop_external"),
            models.UniqueConstraint(fields=["shop", "customer"], name="customer_shop_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.shop_id}"


class Consent(models.Model):
    """What a customer agreed to or was told, in which wording. Append-only by a trigger."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consents")
    shop = models.ForeignKey(Shop, models.PROTECT)
    purpose = models.CharField(max_length=50)
    granted = models.BooleanField()
    text_version = models.CharField(max_length=50)
    text_hash = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=50)
    given_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "purpose", "-given_at"], name="consent_last")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.granted}"


class CustomerMerge(models.Model):
    """The log of one merge: what was moved, so that it can be taken back."""

    kept = models.ForeignKey(Customer, models.PROTECT, related_name="merges")
    absorbed = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    # {"identities": [ids], "shops": [ids], "consents"...}: the rows of each mover, by its name.
    moved = models.JSONField(default=dict)
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.absorbed_id} into {self.kept_id}"

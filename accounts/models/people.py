"""Teams, the people who work in them, and invitations to join."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from helpdesk.polish import sort_key

# Fields are generic to the type checker alone.
if TYPE_CHECKING:
    _EmailField = models.EmailField[str, str]
else:
    _EmailField = models.EmailField


class LowercaseEmailField(_EmailField):
    """An address kept and looked up in lower case, so that one address is one row."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared.lower() if isinstance(prepared, str) else prepared

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = getattr(model_instance, self.attname)
        if isinstance(value, str):
            setattr(model_instance, self.attname, value.lower())
        return super().pre_save(model_instance, add)


class Role(models.TextChoices):
    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Supervisor")
    MANAGER = "manager", _("Manager")
    ADMIN = "admin", _("Administrator")


class TeamQuerySet(models.QuerySet["Team"]):
    def default(self) -> "Team":
        """The team of whatever names no other; the database holds exactly one."""
        return self.get(is_default=True)


class Team(models.Model):
    """A group of people who share the tickets that are given to it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    sort_key = models.CharField(max_length=100, editable=False)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="team_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sort_key = sort_key(self.name)
        super().save(*args, **kwargs)


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def agents(self) -> Self:
        """Those who answer customers, and so can be given a ticket."""
        return self.active().exclude(role=Role.MANAGER)

    def admins(self) -> Self:
        return self.active().filter(role=Role.ADMIN)


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def active(self) -> UserQuerySet:
        return self.get_queryset().active()

    def agents(self) -> UserQuerySet:
        return self.get_queryset().agents()

    def admins(self) -> UserQuerySet:
        return self.get_queryset().admins()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who can sign in at once; without a password, only by resetting it."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An admin who may also open Django's own admin pages."""
        return self.create_user(email, password, role=Role.ADMIN, is_operator=True, **fields)


class User(AbstractBaseUser):
    """Somebody who works with the helpdesk; what they may do follows from their role."""

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", _("Comfortable")
        COMPACT = "compact", _("Compact")

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Status(models.TextChoices):
        ONLINE = "online", _("Online")
        AWAY = "away", _("Away")

    class Language(models.TextChoices):
        PL = "pl", "Polski"
        EN = "en", "English"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = LowercaseEmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("first name and surname"), max_length=150)
    sort_key = models.CharField(max_length=150, editable=False)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.AGENT)
    teams = models.ManyToManyField(
        Team, related_name="members", blank=True, verbose_name=_("teams")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.PL)
    density = models.CharField(
        _("density"), max_length=11, choices=Density, default=Density.COMFORTABLE
    )
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, default=Theme.AUTO)
    status = models.CharField(_("status"), max_length=6, choices=Status, default=Status.ONLINE)
    is_active = models.BooleanField(_("active"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)
    is_operator = models.BooleanField(
        default=False, help_text=_("May open Django's admin pages; for whoever runs the server.")
    )
    # Raised to end every session of this user at once: it is part of the session's hash.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    # Raised with whatever others see of this user, such as the name in a ticket's row.
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["sort_key", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lowercase"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=Q(status__in=["online", "away"]), name="user_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sort_key = sort_key(self.name)
        super().save(*args, **kwargs)

    @property
    def is_staff(self) -> bool:
        return self.is_operator

    @property
    def is_admin_role(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def sees_all(self) -> bool:
        """Whether every ticket is visible, not only those of the own teams."""
        return self.role in {Role.MANAGER, Role.ADMIN}

    @property
    def can_change(self) -> bool:
        """Whether tickets may be changed at all; managers only read."""
        return self.role != Role.MANAGER

    @property
    def initials(self) -> str:
        words = (self.name or self.email).split()
        return "".join(word[0] for word in words[:2]).upper()

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]

    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        return self.is_active and self.is_operator

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_operator

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's hash over the password, with the epoch added."""
        value = f"{self.session_epoch}:{self.password}"
        mac = salted_hmac("accounts.User.session", value, secret=secret, algorithm="sha256")
        return str(mac.hexdigest())


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        return self.filter(accepted_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A one-time link that lets the owner of one address join with a given role."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = LowercaseEmailField(_("e-mail address"))
    name = models.CharField(_("first name and surname"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.AGENT)
    teams = models.ManyToManyField(Team, blank=True, verbose_name=_("teams"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.UniqueConstraint(
                fields=["email"], condition=Q(accepted_at=None), name="invitation_one_open"
            ),
        ]

    def __str__(self) -> str:
        return self.email

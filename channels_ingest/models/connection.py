import json
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_ingest import adapter
from helpdesk import encryption
from tickets.models import Channel


class Connection(models.Model):
    """How a channel is technically connected: settings, secrets, polling cursor, health."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Works")
        NEEDS_REAUTH = "needs_reauth", _("Needs a new sign-in")
        ERROR = "error", _("Does not work")
        DISABLED = "disabled", _("Switched off")

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="connection")
    # By what events of several channels at one address are told apart (Page id, mailbox).
    account = models.CharField(max_length=320, blank=True)
    settings = models.JSONField(default=dict)
    # Encrypted JSON; read it through `secrets`.
    sealed = models.TextField(blank=True)
    # How far polling has come, in the adapter's own terms.
    cursor = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    # A sentence for the admin: what is wrong and what to do.
    error = models.TextField(blank=True)
    # Nothing is sent before this time: the provider stopped the account for a while.
    paused_until = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_error_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    next_poll_at = models.DateTimeField(null=True)
    # Which process holds the account's long connection, and until when it must say so again.
    leased_by = models.CharField(max_length=64, blank=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["active", "needs_reauth", "error", "disabled"]),
                name="connection_state_known",
            )
        ]
        indexes = [models.Index(fields=["account"], name="connection_account")]

    def __str__(self) -> str:
        return str(self.channel)

    @property
    def adapter(self) -> adapter.Adapter:
        return adapter.get(self.channel.kind)

    @property
    def secrets(self) -> dict[str, str]:
        """The decrypted secrets. Raises `encryption.InvalidToken` where no key opens them."""
        opened: dict[str, str] = json.loads(encryption.decrypt(self.sealed)) if self.sealed else {}
        return opened

    def set_secrets(self, secrets: dict[str, str]) -> None:
        """Replace the secrets that are named and keep the others; '' removes one. Not saved."""
        kept = {name: value for name, value in {**self.secrets, **secrets}.items() if value}
        self.sealed = encryption.encrypt(json.dumps(kept)) if kept else ""

    def setting(self, name: str, default: Any = None) -> Any:
        value = self.settings.get(name)
        return default if value in (None, "") else value

"""Who changed what in settings and access."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class AuditEntry(models.Model):
    """One change or sensitive act. A trigger refuses to alter or remove it.

    Actor and object are kept as ids and labels, not as foreign keys: the entry outlives both.
    """

    class Actor(models.TextChoices):
        USER = "user"
        API_KEY = "api_key"
        SYSTEM = "system"

    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=7, choices=Actor)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    # Shortened to its network: enough to notice a foreign place, not enough to follow a person.
    ip = models.GenericIPAddressField(null=True)

    class Meta:
        verbose_name_plural = "audit entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(actor_kind__in=["user", "api_key", "system"]),
                name="audit_actor_known",
            ),
        ]
        indexes = [
            # The log is read newest first, which is by id.
            models.Index(fields=["action", "-id"], name="audit_of_action"),
            models.Index(fields=["object_kind", "object_id", "-id"], name="audit_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_kind} {self.object_label}"

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

from accounts.models import ApiKey, User


class RepeatableRequestQuerySet(models.QuerySet["RepeatableRequest"]):
    def outdated(self) -> Self:
        return self.filter(created_at__lt=timezone.now() - RepeatableRequest.KEPT)


class RepeatableRequest(models.Model):
    """A POST that was done under an Idempotency-Key, and the answer it got."""

    KEPT = timedelta(hours=24)

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    # Null for somebody's own session.
    api_key = models.ForeignKey(ApiKey, models.CASCADE, null=True, related_name="+")
    value = models.CharField(max_length=255)
    # SHA-256 of method, path and body: the same key with another request is refused.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RepeatableRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "api_key", "value"],
                name="repeatable_request_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="repeatable_request_age")]

    def __str__(self) -> str:
        return self.value

from django.db import models

from accounts.models import User
from tickets.models.ticket import Ticket


class TicketMerge(models.Model):
    """One ticket went into another: what moved, so that it can be given back."""

    kept = models.ForeignKey(Ticket, models.CASCADE, related_name="merges")
    absorbed = models.ForeignKey(Ticket, models.CASCADE, related_name="merged_by")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Ids of the rows that moved, by the name of their table's mover.
    moved = models.JSONField(default=dict)
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"],
                condition=models.Q(undone_at__isnull=True),
                name="ticket_merged_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.absorbed_id} into {self.kept_id}"

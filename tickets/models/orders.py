from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models import Order
from tickets.models.ticket import Ticket


class TicketOrder(models.Model):
    """A ticket is about an order."""

    class How(models.TextChoices):
        NUMBER = "number", _("Named in the text")
        PARCEL = "parcel", _("Parcel named in the text")
        HAND = "hand", _("Linked by hand")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="order_links")
    order = models.ForeignKey(Order, models.CASCADE, related_name="ticket_links")
    how = models.CharField(max_length=10, choices=How)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "order"], name="ticket_order_once"),
            models.CheckConstraint(
                condition=models.Q(how__in=["number", "parcel", "hand"]),
                name="ticket_order_how_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} about {self.order_id}"

"""The kinds of events that happen to tickets, and what each carries."""

from history import kinds

_CHANGES = (
    "ticket.assigned",
    "ticket.team_changed",
    "ticket.priority_changed",
    "ticket.reason_changed",
    "ticket.spam_changed",
    "ticket.review_changed",
    "ticket.customer_changed",
)


def register() -> None:
    """`automatic` in a message means that it moves no clock; times are ISO 8601.

    `thanks` marks a message that says nothing else.
    """
    kinds.register("ticket.created", "status", "priority", "channel_kind")
    kinds.register("ticket.status_changed", "old", "new")
    for kind in _CHANGES:
        kinds.register(kind, "old", "new")
    kinds.register("ticket.subject_changed")
    kinds.register("ticket.tags_changed", "added", "removed")
    kinds.register("ticket.snoozed", "until")
    kinds.register("ticket.linked", "other", "link")
    kinds.register("ticket.merged", "other")
    # Messages of another ticket came into this one.
    # `since`: from when on the customer waits now; null where nobody does.
    kinds.register("ticket.absorbed", "other", "since")
    kinds.register("ticket.merge_undone", "other", "since")
    kinds.register("ticket.split", "other", "since")
    kinds.register("ticket.order_linked", "order", "how")
    kinds.register("ticket.order_unlinked", "order")
    kinds.register("ticket.claim_decided", "claim", "state")
    kinds.register("ticket.claim_reopened", "claim")
    kinds.register("ticket.participant_changed", "identity", "role")
    kinds.register("ticket.followed", "why")
    kinds.register("ticket.context_changed")
    # A bot gave the customer to a person, or the customer asked for one.
    kinds.register("ticket.handed_over")
    kinds.register("message.received", "automatic", "third_party", "received_at", "rule", "thanks")
    kinds.register("message.sent", "automatic", "outside")
    kinds.register("message.noted")
    kinds.register("message.cancelled", "sent_at")
    kinds.register("message.edited", "number")
    kinds.register("message.removed")
    kinds.register("message.file_changed")
    kinds.register("message.reacted")
    kinds.register("message.delivery_changed", "delivery", "old", "new", "code")
    kinds.register("sla.breached", "metric", "due_at")
    # Steps of a policy: before the promise breaks, and after. `share` is percent of its time.
    kinds.register("sla.warned", "metric", "due_at", "share", "action")
    kinds.register("sla.escalated", "metric", "due_at", "share", "action")
    # Somebody was told of the ticket: by a promise (its metric) or by a rule (its id).
    kinds.register("ticket.alerted", "users", "metric", "rule")

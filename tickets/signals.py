"""Wakes that are not worth a row: whoever misses one finds the rows by itself."""

from django.dispatch import Signal

# Deliveries were committed; arguments: `deliveries`, a list of `Delivery`.
deliveries_queued = Signal()

# Somebody types; arguments: `ticket_id`, `name`, `on`.
customer_typing = Signal()
agent_typing = Signal()

# An agent has read the thread up to here; arguments: `ticket_id`, `message_id`.
thread_read = Signal()

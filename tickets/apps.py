from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tickets"

    def ready(self) -> None:
        from crm import merging, visibility
        from helpdesk import warming
        from tickets import events, ownership, receipts, revising, searching
        from tickets.models import Ticket

        warming.register(searching.warm)
        events.register()
        receipts.register()
        revising.register()
        visibility.register(ownership.customers_seen_by)
        merging.register_mover("tickets", merging.moving(Ticket))

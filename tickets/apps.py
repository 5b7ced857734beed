from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tickets"

    def ready(self) -> None:
        from django.db.models.signals import post_save

        from crm import merging, visibility
        from crm.orders import accepting
        from helpdesk import warming
        from tickets import events, order_linking, ownership, receipts, revising, searching
        from tickets.automation.rules import actions, facts, running
        from tickets.models import Calendar, CalendarVersion, Policy, PolicyVersion, Ticket
        from tickets.sla import current

        warming.register(searching.warm)
        events.register()
        receipts.register()
        revising.register()
        visibility.register(ownership.customers_seen_by, orders=ownership.orders_seen_by)
        merging.register_mover("tickets", merging.moving(Ticket))
        for model in (Calendar, CalendarVersion, Policy, PolicyVersion):
            post_save.connect(current.forget, sender=model, dispatch_uid=f"sla.{model.__name__}")
        facts.register_all()
        actions.register_all()
        running.register()
        accepting.register_follower(order_linking.link_waiting)

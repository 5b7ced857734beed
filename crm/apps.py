from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        from crm import merging
        from crm.models import Order
        from history import kinds

        merging.register_mover("orders", merging.moving(Order))
        kinds.register("customer.updated", "fields")
        kinds.register("customer.merged", "other")
        kinds.register("customer.merge_undone", "other")
        kinds.register("order.created", "status", "payment")
        kinds.register("order.status_changed", "old", "new")
        kinds.register("shipment.status_changed", "shipment", "old", "new")

from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        from history import kinds

        kinds.register("customer.updated", "fields")
        kinds.register("customer.merged", "other")
        kinds.register("customer.merge_undone", "other")

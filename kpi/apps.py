from django.apps import AppConfig


class KpiConfig(AppConfig):
    name = "kpi"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from history import readers
        from kpi import reading

        readers.register(reading.READER, reading.handle, batch=200)

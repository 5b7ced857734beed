from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from history import readers
        from inbox import realtime, revoking

        readers.register("workspace", realtime.push, batch=100)
        revoking.connect()
        realtime.listen()

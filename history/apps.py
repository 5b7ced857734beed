from django.apps import AppConfig
from django.db.models.signals import post_migrate


class HistoryConfig(AppConfig):
    name = "history"

    def ready(self) -> None:
        from helpdesk import dead_letters
        from history import letters, readers

        dead_letters.register(letters.ReaderLetters())
        # Each app's tables exist by the time its own signal comes; ours is enough.
        post_migrate.connect(readers.place_new, sender=self)

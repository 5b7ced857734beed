from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import checks, receivers, setup  # noqa: F401  (registered by being imported)
        from helpdesk.prepare import greetings

        greetings.append(setup.greeting)

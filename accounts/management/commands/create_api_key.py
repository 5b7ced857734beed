from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import keys
from accounts.errors import ScopeNotAllowed
from accounts.models import User
from accounts.scopes import of_role


class Command(BaseCommand):
    help = "Make an API key for a user and print it, alone on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--scope",
            action="append",
            dest="scopes",
            help="may be repeated; without it every scope of the user's role but `admin`",
        )

    def handle(
        self, *args: Any, user: str, name: str, scopes: list[str] | None, **options: Any
    ) -> None:
        owner = User.objects.active().filter(email=user).first()
        if owner is None:
            raise CommandError(f"There is no active user {user}.")
        try:
            _key, text = keys.create(owner, name=name, wanted=scopes)
        except ScopeNotAllowed as e:
            allowed = ", ".join(of_role(owner.role))
            raise CommandError(f"A key of {user} may only have: {allowed}.") from e
        self.stdout.write(text)

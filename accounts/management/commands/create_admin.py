import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts import audit, inviting
from accounts.errors import AddressTaken
from accounts.models import Role, User


class Command(BaseCommand):
    help = (
        "Make an administrator. On a terminal it asks for a password; with --link, or without a "
        "terminal, it prints a link that works once, for a day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--link", action="store_true", help="print a link, ask for nothing")

    def handle(self, *args: Any, email: str, name: str, link: bool, **options: Any) -> None:
        try:
            validate_email(email)
            if link or not sys.stdin.isatty():
                _invitation, url = inviting.invite(email, name=name, role=Role.ADMIN, by=None)
                self.stdout.write(url)
            else:
                self._create(email, name, getpass.getpass("Password: "))
        except AddressTaken as e:
            raise CommandError(str(e)) from e
        except ValidationError as e:
            raise CommandError(" ".join(e.messages)) from e

    @transaction.atomic
    def _create(self, email: str, name: str, password: str) -> None:
        if User.objects.filter(email=email).exists():
            raise AddressTaken
        name = name or email.partition("@")[0]
        validate_password(password, User(email=email, name=name))
        user = User.objects.create_user(email, password, name=name, role=Role.ADMIN)
        audit.record("user.joined", by=None, on=user, after={"role": user.role})
        self.stdout.write(f"{user.email} can sign in now.")

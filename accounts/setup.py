"""The first admin of an installation that has none, by a link printed at its first start."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import connection, transaction

from accounts import audit
from accounts.errors import LinkNotValid
from accounts.links import absolute
from accounts.models import Role, User

LIFETIME = timedelta(hours=24)
_SALT = "accounts.setup"


def is_needed() -> bool:
    """Whether nobody can sign in as an admin yet."""
    admins = User.objects.admins()
    if not settings.DEMO:
        admins = admins.filter(is_demo=False)
    return not admins.exists()


def setup_link() -> str:
    """A link to `/setup/` for whoever started the server.

    It works for a day, and once: the first admin ends it.
    """
    return absolute("accounts:setup", signing.dumps("first admin", salt=_SALT))


def greeting() -> str:
    """What the start of the helpdesk says as long as there is no admin."""
    return f"Make the first administrator at {setup_link()}" if is_needed() else ""


def check(token: str) -> None:
    """Raises LinkNotValid unless the link is ours, young enough and still needed."""
    try:
        signing.loads(token, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature as e:
        raise LinkNotValid from e
    if not is_needed():
        raise LinkNotValid


@transaction.atomic
def create_first_admin(token: str, *, email: str, name: str, password: str) -> User:
    with connection.cursor() as cursor:
        # Two who follow the link at once would both find no admin, and make one each.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_SALT])
    check(token)
    user = User.objects.create_user(email, password, name=name, role=Role.ADMIN)
    audit.record("user.joined", by=user, on=user, after={"role": user.role})
    return user

"""Invitations: who may join, with which role, by a link that works once and for a day."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts import audit
from accounts.errors import AddressTaken, LinkNotValid
from accounts.links import absolute, new_token, token_hash
from accounts.models import Invitation, Role, Team, User

LIFETIME = timedelta(hours=24)


@transaction.atomic
def invite(
    email: str, *, name: str = "", role: Role, teams: Iterable[Team] = (), by: User | None
) -> tuple[Invitation, str]:
    """An invitation and its link. An older one to the same address stops working.

    Raises AddressTaken for the address of a user.
    """
    if User.objects.filter(email=email).exists():
        raise AddressTaken
    Invitation.objects.filter(email=email, accepted_at=None).delete()
    token = new_token()
    invitation = Invitation.objects.create(
        email=email,
        name=name,
        role=role,
        token_hash=token_hash(token),
        invited_by=by,
        expires_at=timezone.now() + LIFETIME,
    )
    invitation.teams.set(teams)
    audit.record("invitation.sent", by=by, on=invitation, after={"role": str(role)})
    return invitation, absolute("accounts:join", token)


def send(invitation: Invitation, link: str) -> None:
    """Mail the link. Raises OSError (also for SMTP errors) when the mail cannot be handed over."""
    inviter = invitation.invited_by
    with translation.override(inviter.language if inviter else settings.LANGUAGE_CODE):
        context = {"invitation": invitation, "inviter": inviter, "link": link, "hours": 24}
        body = render_to_string("accounts/email/invitation.txt", context)
        subject = gettext("You are invited to the helpdesk")
    send_mail(subject, body, None, [invitation.email])


def find(token: str) -> Invitation:
    """The open invitation of this token. Raises LinkNotValid."""
    invitation = Invitation.objects.open().filter(token_hash=token_hash(token)).first()
    if invitation is None or User.objects.filter(email=invitation.email).exists():
        raise LinkNotValid
    return invitation


@transaction.atomic
def accept(token: str, *, name: str, password: str) -> User:
    """The new user. Raises LinkNotValid when somebody was faster or the time is over."""
    # The lock makes a second click wait, and find the invitation used.
    open_ = Invitation.objects.open().select_for_update()
    invitation = open_.filter(token_hash=token_hash(token)).first()
    if invitation is None or User.objects.filter(email=invitation.email).exists():
        raise LinkNotValid
    user = User.objects.create_user(
        invitation.email, password, name=name, role=Role(invitation.role)
    )
    user.teams.set(invitation.teams.all())
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    audit.record("user.joined", by=user, on=user, after={"role": user.role})
    return user


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User | None) -> None:
    audit.record("invitation.withdrawn", by=by, on=invitation)
    invitation.delete()

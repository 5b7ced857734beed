"""The mail by which somebody who forgot their password gets a new one."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from accounts.links import absolute
from accounts.models import User


def send(user_id: int | None) -> None:
    """Mail the link to an active user; for anybody else do nothing.

    It runs in the background for known and unknown addresses alike, so that the page answers
    both the same and as fast.
    """
    if user_id is None or not (user := User.objects.active().filter(pk=user_id).first()):
        return
    token = default_token_generator.make_token(user)
    link = absolute("account_reset_password_from_key", user_pk_to_url_str(user), token)
    with translation.override(user.language):
        body = render_to_string("accounts/email/password_reset.txt", {"user": user, "link": link})
        subject = gettext("Set a new password")
    send_mail(subject, body, None, [user.email])

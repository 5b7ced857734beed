"""Sign-ins and changes of the second factor go into the audit log."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, user_logged_in
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver

from accounts import audit, sessions
from accounts.models import User


@receiver(user_logged_in)
def on_signed_in(user: User, **kwargs: Any) -> None:
    audit.record("user.signed_in", by=user, on=user)


@receiver(user_logged_out)
def on_signed_out(user: User | None, **kwargs: Any) -> None:
    if user is not None:
        audit.record("user.signed_out", by=user, on=user)


@receiver(user_login_failed)
def on_sign_in_failed(credentials: dict[str, Any], **kwargs: Any) -> None:
    """Only for known users: an unknown address may be anybody's, or a password typed too early."""
    email = credentials.get("email")
    if email and (user := User.objects.filter(email=email).first()):
        audit.record("user.sign_in_failed", by=None, on=user)


@receiver(password_changed)
def on_password_changed(user: User, **kwargs: Any) -> None:
    audit.record("user.password_changed", by=user, on=user)


@receiver(password_reset)
def on_password_reset(user: User, **kwargs: Any) -> None:
    audit.record("user.password_reset", by=user, on=user)
    sessions.end_all(user)


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def on_second_factor(user: User, authenticator: Any, signal: Any, **kwargs: Any) -> None:
    verb = {authenticator_added: "added", authenticator_removed: "removed"}.get(signal, "reset")
    audit.record(f"user.second_factor_{verb}", by=user, on=user, after={"kind": authenticator.type})

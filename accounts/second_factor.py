"""Whom the installation asks for a second factor (HELPDESK_SECOND_FACTOR_ROLES)."""

from allauth.mfa.models import Authenticator
from django.conf import settings

from accounts.models import User


def is_missing(user: User) -> bool:
    """Whether this user's role must have a second factor, and they have not turned one on."""
    if user.role not in settings.SECOND_FACTOR_ROLES:
        return False
    return not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()

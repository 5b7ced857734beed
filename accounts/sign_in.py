"""How allauth signs our users in: who may, what is mailed, how second factors are kept."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils import timezone

from accounts.audit import network_of
from accounts.models import User
from helpdesk.encryption import decrypt, encrypt

logger = logging.getLogger(__name__)


class Backend(AuthenticationBackend):
    """E-mail and password; asked again with each request of a session."""

    def user_can_authenticate(self, user: AbstractBaseUser | None) -> bool:
        """Active users; those with known passwords only where the demo runs."""
        fenced = isinstance(user, User) and user.is_demo and not settings.DEMO
        return super().user_can_authenticate(user) and not fenced


class AccountAdapter(DefaultAccountAdapter):
    """People join by invitation; the address in User is the only one."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The peer; `helpdesk.proxies` has put the client there if a trusted proxy named it."""
        return str(request.META.get("REMOTE_ADDR") or "0.0.0.0")  # noqa: S104

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        assert isinstance(user, User)
        known = self.authenticate(self.request, email=user.email, password=password)
        return known is not None and known.pk == user.pk

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        self.render_mail(template_prefix, email, {"email": email, **context}).send()

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell a user that their access was changed; the change stands even if the mail fails."""
        assert isinstance(user, User)
        facts = {"timestamp": timezone.now(), "ip": network_of(self.request) or ""}
        try:
            self.send_mail(template_prefix, email or user.email, facts | (context or {}))
        except (OSError, SMTPException):
            logger.warning("Notice of a changed access was not sent to user %s", user.pk)

    def is_safe_url(self, url: str | None) -> bool:
        """Own paths alone: no other host, not even one that we answer to."""
        return bool(url) and str(url).startswith("/") and super().is_safe_url(url)


class MfaAdapter(DefaultMFAAdapter):
    """Secrets of second factors are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

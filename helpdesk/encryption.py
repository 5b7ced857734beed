"""Secrets at rest: encrypted with the first of HELPDESK_FIELD_KEYS, readable with any of them."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

__all__ = ["InvalidToken", "decrypt", "encrypt"]


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Raises InvalidToken when no key of the list made it, or it was altered."""
    return _keys().decrypt(encrypted).decode()


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.HELPDESK_FIELD_KEYS])

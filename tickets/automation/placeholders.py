"""Placeholders of prepared texts: `{{customer.first_name|Państwo}}`, filled in once.

The names are a fixed list, so that no text can reach anything else; what is filled in is never read
for placeholders again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from crm import addressing
from tickets.models.ticket import Ticket

_PLACEHOLDER = re.compile(r"\{\{\s*(?P<name>[\w.]+)\s*(?:\|(?P<fallback>[^{}]*))?\}\}")


@dataclass(frozen=True)
class Placeholder:
    """One name; `value` is empty where nothing is known, and `sample` shows what it may be."""

    name: str
    label: str | Promise
    sample: str
    value: Callable[[Ticket, User], str]

    @property
    def code(self) -> str:
        return "{{" + self.name + "}}"


_known: dict[str, Placeholder] = {}


def register(
    name: str, label: str | Promise, sample: str, value: Callable[[Ticket, User], str]
) -> None:
    """Add a placeholder (higher rooms from `AppConfig.ready`)."""
    _known[name] = Placeholder(name, label, sample, value)


def known() -> list[Placeholder]:
    return list(_known.values())


def unknown(text: str) -> list[str]:
    """Names in the text that nothing stands behind."""
    return sorted({match["name"] for match in _PLACEHOLDER.finditer(text)} - _known.keys())


def fill(text: str, ticket: Ticket, user: User) -> str:
    """The text with what the placeholders stand for, else with their fallbacks."""
    return _filled(text, lambda placeholder: placeholder.value(ticket, user))


def fill_with_samples(text: str) -> str:
    """The text as it may look, for whoever writes it."""
    return _filled(text, lambda placeholder: placeholder.sample)


def _filled(text: str, value: Callable[[Placeholder], str]) -> str:
    def one(match: re.Match[str]) -> str:
        placeholder = _known.get(match["name"])
        return (value(placeholder) if placeholder else "") or (match["fallback"] or "").strip()

    return _PLACEHOLDER.sub(one, text)


register(
    "customer.salutation",
    _("Form of address (“Pani Katarzyno”)"),
    "Pani Katarzyno",
    lambda ticket, _user: addressing.salutation(ticket.customer),
)
register(
    "customer.first_name",
    _("Customer's first name"),
    "Katarzyna",
    lambda ticket, _user: addressing.first_name(ticket.customer),
)
register(
    "customer.name",
    _("Customer's name"),
    "Katarzyna Nowak",
    lambda ticket, _user: ticket.customer.name,
)
register("ticket.number", _("Ticket number"), "10231", lambda ticket, _user: str(ticket.number))
register("ticket.subject", _("Subject"), "Zwrot butów", lambda ticket, _user: ticket.subject)
register("shop.name", _("Shop"), "Sklep", lambda ticket, _user: ticket.shop.name)
register("agent.name", _("Your name"), "Ola Lis", lambda _ticket, user: user.name)
register(
    "agent.first_name",
    _("Your first name"),
    "Ola",
    lambda _ticket, user: user.name.split()[0] if user.name else "",
)
register(
    "today",
    _("Today's date"),
    "22 listopada 2026",
    lambda _ticket, _user: date_format(timezone.localdate(), "j E Y"),
)

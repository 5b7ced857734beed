"""The addresses that are ours: every e-mail channel's mailbox, with or without a tag."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from channels_ingest.email.addresses import Address
from channels_ingest.models import Connection
from tickets import tokens


@dataclass(frozen=True)
class Mailboxes:
    """Mailbox addresses in the form in which they are compared, each with its channel's id."""

    channels: Mapping[str, int]

    @classmethod
    def known(cls) -> Self:
        """Those of every e-mail channel, in use or not: one query over a small table."""
        rows = Connection.objects.filter(channel__kind="email").order_by("channel__active", "-pk")
        found = rows.values_list("account", "channel_id")
        return cls({key(account): channel_id for account, channel_id in found if account})

    def channel_of(self, address: str) -> int | None:
        """The id of the channel whose mailbox this is, also with a tag: `pomoc+...@sklep.pl`."""
        found = self.channels.get(key(address))
        return found if found is not None else self.channels.get(_without_tag(key(address)))

    def owns(self, address: str) -> bool:
        return self.channel_of(address) is not None

    def ref_in(self, address: str) -> str | None:
        """The ticket's ref where this is a reply address that we made for one of the mailboxes."""
        mailbox = _without_tag(key(address))
        return tokens.ref_in(key(address), mailbox) if mailbox in self.channels else None

    @property
    def domains(self) -> set[str]:
        return {address.rpartition("@")[2] for address in self.channels}


def key(address: str) -> str:
    """Lower case, the domain in its ASCII form."""
    return Address("", address.strip()).key


def _without_tag(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"

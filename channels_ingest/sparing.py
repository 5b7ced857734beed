"""How much mail a machine of ours may send to one address, whoever made it do so.

Acknowledgements, transcripts and missed answers count together, in the database: somebody who
writes a stranger's address into forms and chats must not fill that stranger's mailbox.
"""

from datetime import timedelta

from django.utils import timezone

from channels_ingest.chat.models import ChatMail
from crm.identifying import Handle
from crm.models import Identity
from tickets.models import Message

MOST_A_DAY = 3
_DAY = timedelta(hours=24)


def may_mail(address: str) -> bool:
    """Whether one more mail that no person wrote may go to this address today."""
    since = timezone.now() - _DAY
    acknowledged = Message.objects.filter(
        ticket__participants__identity__kind=Identity.Kind.EMAIL,
        ticket__participants__identity__value=Handle(Identity.Kind.EMAIL, address).key,
        direction=Message.Direction.OUTBOUND,
        automatic=True,
        created_at__gt=since,
    )
    owed = ChatMail.objects.filter(email__iexact=address, created_at__gt=since)
    return acknowledged.count() + owed.count() < MOST_A_DAY

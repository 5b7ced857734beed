"""An agent's message -> the visitor's conversation: sent as soon as it has its number."""

from django.utils.translation import gettext as _

from channels_ingest.adapter import Outgoing, Refused, Sent
from channels_ingest.chat import conversing, mailing
from channels_ingest.chat.models import ChatSession


def send(outgoing: Outgoing) -> Sent:
    """Number the message and wake the visitor's page. Raises `Refused` where nobody is there."""
    [visitor, *_others] = outgoing.message.recipients.get("to") or [""]
    session = ChatSession.objects.filter(channel=outgoing.channel, visitor=visitor).first()
    if session is None:
        raise Refused(
            _("This visitor's chat does not exist any more. Answer by e-mail or phone."),
            code="no_session",
            unreachable=True,
        )
    event = conversing.publish(session.pk, outgoing.message)
    mailing.plan_missed(session, event)
    return Sent(external_id=conversing.message_id(outgoing.message))

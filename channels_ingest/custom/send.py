"""An answer is out as soon as the shop's system can read it: by the API, or told by a webhook."""

from channels_ingest.adapter import Outgoing, Sent


def send(outgoing: Outgoing) -> Sent:
    return Sent(external_id=f"{outgoing.message.public_id}:{outgoing.number}")

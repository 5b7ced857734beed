"""Names of people, from the provider that knows them."""

import logging

from django.core.cache import cache

from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.models import Connection
from crm import identifying
from crm.models import Identity

_AGAIN_S = 3_600

logger = logging.getLogger(__name__)


def fetch(identity_id: int, channel_id: int) -> None:
    """Ask once; whoever has no name yet is asked for again with a message of a later hour."""
    identity = Identity.objects.select_related("customer").get(pk=identity_id)
    connection = Connection.objects.select_related("channel").get(channel=channel_id)
    if not cache.add(f"profile:{identity_id}", 1, timeout=_AGAIN_S):
        return
    try:
        profile = connection.adapter.profile(connection, identity)
    except (Refused, Unavailable):
        logger.info("no profile for identity %s", identity_id)
        return
    if profile is not None:
        identifying.fill_in_name(
            identity,
            profile.name,
            first_name=profile.first_name,
            placeholder=profile.placeholder,
        )

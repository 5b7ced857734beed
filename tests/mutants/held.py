"""Which tests hold which site; and sites before which another lock stands, with the reason."""

TESTS = {
    # Signatures and secrets that somebody else shows us
    "signature:accounts.keys.authenticate": "tests/api/test_rules.py tests/accounts/test_keys.py",
    "signature:channels_ingest.chat.identities.verify": (
        "tests/channels_ingest/chat/test_sessions.py"
    ),
    "signature:channels_ingest.chat.tokens._opened": "tests/channels_ingest/chat/test_sessions.py",
    "signature:channels_ingest.messenger.receive._handshake": (
        "tests/channels_ingest/messenger/test_receive.py"
    ),
    "signature:channels_ingest.messenger.receive._is_signed": (
        "tests/channels_ingest/messenger/test_receive.py"
    ),
    "signature:tickets.tokens.ref_in": "tests/tickets/test_tokens.py",
    "signature:tickets.tokens.is_signed": "tests/tickets/test_tokens.py",
    # Who sees and changes what
    "filter:crm.models.orders.OrderQuerySet.visible_to": "tests/access -k order",
    "filter:crm.models.people.CustomerQuerySet.visible_to": "tests/access -k crm",
    "filter:tickets.automation.models.CannedReplyQuerySet.visible_to": "tests/access -k inbox",
    "filter:tickets.models.channel.ChannelQuerySet.visible_to": "tests/tickets/test_access.py",
    "filter:tickets.models.ticket.TicketQuerySet.visible_to": "tests/tickets/test_access.py",
    "filter:tickets.models.ticket.TicketQuerySet.changeable_by": "tests/tickets/test_access.py",
    # Locks
    "lock:accounts.people.make_default": "tests/accounts/test_people.py",
    "lock:accounts.people.remove_team": "tests/accounts/test_people.py",
    "lock:accounts.people._lock": "tests/accounts/test_people.py",
    "lock:accounts.people._lock#2": "tests/accounts/test_people.py",
    "lock:channels_ingest.email.oauth.access_token": "tests/channels_ingest/email/test_oauth.py",
    "lock:channels_ingest.journal._claimed": "tests/channels_ingest/test_journal.py",
    "lock:crm.identifying._find": "tests/tickets/test_receiving.py",
    "lock:crm.locking.lock_name": (
        "tests/tickets/test_receiving.py tests/channels_ingest/messenger/test_many_at_once.py"
    ),
    "lock:crm.orders.accepting.accept_order": "tests/crm/test_orders.py",
    "lock:history.readers._position": "tests/history/test_log.py",
    "lock:history.sequencing.number_events": "tests/history/test_log.py",
    "lock:kpi.rebuilding.rebuild": "tests/kpi/test_counting.py",
    "lock:tickets.locking.locked": "tests/tickets/test_locks.py",
    "lock:tickets.sla.timer.fire_due": "tests/tickets/sla/test_timer.py",
    "lock:accounts.inviting.accept": "tests/test_locks.py -k invitation",
    "lock:accounts.setup.create_first_admin": "tests/test_locks.py -k first_admin",
    "lock:channels_ingest.chat.conversing.publish": "tests/test_locks.py -k each_number",
    "lock:channels_ingest.chat.conversing.publish_status": "tests/test_locks.py -k a_status",
    "lock:channels_ingest.chat.mailing._claimed": "tests/test_locks.py -k mail_of",
    "lock:channels_ingest.connecting.change": "tests/test_locks.py -k settings_of",
    "lock:channels_ingest.files._claim": "tests/test_locks.py -k file_is",
    "lock:crm.merging._locked_pair": "tests/test_locks.py -k both_ways",
    "lock:crm.merging.moving": "tests/test_locks.py -k during_a_merge",
    "lock:crm.merging.undo": "tests/test_locks.py -k undone_once",
    "lock:crm.profile.update": "tests/test_locks.py -k profile",
    "lock:crm.shops.change": "tests/test_locks.py -k shop_tells",
    "lock:history.readers.run_again": "tests/test_locks.py -k dead_event",
    "lock:tickets.closing.close_due": "tests/test_locks.py -k timer_waits",
    "lock:tickets.closing.wake_snoozed": "tests/test_locks.py -k timer_waits",
}

_TICKET = "the ticket's lock is held, and everybody who changes this row takes it first"

EXEMPT = {
    "lock:channels_ingest.delivering.send_again": _TICKET,
    "lock:channels_ingest.delivering.call_it_sent": _TICKET,
    "lock:channels_ingest.delivering.leave": _TICKET,
    "lock:channels_ingest.delivering.doubt_waiting": _TICKET,
    "lock:channels_ingest.delivering._claim": _TICKET,
    "lock:channels_ingest.delivering._finish": _TICKET,
    "lock:tickets.receipts.receipt": _TICKET,
    "lock:tickets.receipts._fail": _TICKET,
    "lock:tickets.replying.take_back": _TICKET,
    "lock:history.readers._note_failure": "the reader's position is locked",
}

"""Who reaches what: a row for every address, operation of the API and frame of a socket.

A new address is one line here. The test says which one is missing, and names it.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from inbox import mailbody
from kpi.surveys import links
from tests.access.outcomes import (
    ADMINS,
    ANSWERS,
    CHANGES_TICKET,
    EVERYBODY,
    HIDDEN,
    KEYS,
    KEYS_CHANGE,
    KEYS_OF_ADMIN,
    KEYS_OF_ADMIN_ALONE,
    KEYS_OF_MANAGER,
    KEYS_OF_SHOP,
    KEYS_WRITE,
    MANAGERS,
    NO_SESSION,
    NOBODY,
    OPERATORS,
    PAGE_OF_SHOP,
    REFUSED,
    SEES_TICKET,
    SIGN_IN,
    SIGNED_IN,
    SUPERVISORS,
    VISITORS,
    Row,
    Rule,
)
from tests.access.scene import PNG, SECRET, Scene


def _signed_image(scene: Scene) -> dict[str, str]:
    """The address that our proxy takes for a picture of this very message."""
    address = mailbody.proxied(scene.message, "https://example.com/a.png")
    return dict(parse_qsl(urlsplit(address).query))


def _merge(scene: Scene) -> dict[str, Any]:
    return {"customer_id": scene.merge.kept.public_id, "pk": scene.merge.pk}


def _order(scene: Scene) -> dict[str, str]:
    return {
        "slug": scene.shop.slug,
        "external_id": scene.order.external_id,
        "shipment_id": _SHIPMENT["external_id"],
    }


_NAMED = {"slug": "nowy", "name": "Nowy"}
_SHIPMENT = {
    "external_id": "S-1",
    "carrier": "inpost",
    "status": "created",
    "direction": "outbound",
}


def _canned_use(scene: Scene) -> dict[str, Any]:
    return {"number": scene.ticket.number, "public_id": scene.canned_reply.public_id}


def _letter(scene: Scene) -> dict[str, str | int]:
    return {"source": "reader", "pk": scene.failure.pk}


def _ticket_merge(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.ticket_merge.pk}


# Names of addresses without a row, each with its reason; ten at most.
EXEMPT = {"account_logout": "ends the session of whoever asks, and leads to the sign-in"}

# By the address's name; one without a name stands under its path, and `admin:*` is all of a kind.
PAGES: dict[str, Row] = {
    # The site
    "home": Row(EVERYBODY),
    "set_language": Row(EVERYBODY),
    "robots": Row(EVERYBODY),
    "security": Row(EVERYBODY),
    "healthz": Row(EVERYBODY),
    "readyz": Row(EVERYBODY),
    "metrics": Row(EVERYBODY),
    # Signing in
    "accounts/": Row(EVERYBODY),
    "account_login": Row(EVERYBODY),
    "account_inactive": Row(EVERYBODY),
    "account_reauthenticate": Row(SIGNED_IN),
    "account_change_password": Row(SIGNED_IN),
    "account_set_password": Row(SIGNED_IN),
    "account_reset_password": Row(EVERYBODY),
    "account_reset_password_done": Row(EVERYBODY),
    "account_reset_password_from_key_done": Row(EVERYBODY),
    "account_reset_password_from_key": Row(EVERYBODY, lambda _: {"uidb36": "1", "key": "a-b"}),
    "mfa_index": Row(EVERYBODY),
    "mfa_authenticate": Row(SIGNED_IN),
    "mfa_reauthenticate": Row(SIGNED_IN),
    "mfa_activate_totp": Row(SIGNED_IN),
    "mfa_deactivate_totp": Row(SIGNED_IN),
    "mfa_view_recovery_codes": Row(SIGNED_IN),
    "mfa_generate_recovery_codes": Row(SIGNED_IN),
    "mfa_download_recovery_codes": Row(SIGNED_IN),
    "accounts:join": Row(EVERYBODY, lambda scene: {"token": scene.join_token}),
    "accounts:setup": Row(EVERYBODY, lambda scene: {"token": scene.setup_token}),
    "admin:*": Row(OPERATORS),
    "admin:login": Row({**dict.fromkeys(SIGNED_IN, REFUSED), **dict.fromkeys(NO_SESSION, SIGN_IN)}),
    "admin:logout": Row(EVERYBODY),
    # Doors of providers: proof of who calls, which nobody here has
    "hook": Row(dict.fromkeys(EVERYBODY, HIDDEN)),
    # The widget
    "widget-loader": Row(PAGE_OF_SHOP),
    "widget-frame": Row(PAGE_OF_SHOP),
    "widget-session": Row(PAGE_OF_SHOP),
    "widget-offline": Row({**PAGE_OF_SHOP, "foreign_key": SIGN_IN, "bare_key": SIGN_IN}),
    "widget-triggers": Row(PAGE_OF_SHOP),
    "widget-prechat": Row(VISITORS),
    "widget-transcript": Row(VISITORS),
    "widget-files": Row(VISITORS),
    "widget-history": Row(VISITORS),
    "widget-events": Row(VISITORS),
    # Whoever holds the signed address of a file may open it, until its time is over.
    "widget-file": Row(
        EVERYBODY,
        lambda scene: {
            "public_id": scene.file_id,
            "until": scene.file_until,
            "signature": scene.file_signature,
        },
    ),
    # The workspace
    "inbox:list": Row(SIGNED_IN),
    "inbox:rows": Row(SIGNED_IN),
    "inbox:counts": Row(SIGNED_IN),
    "inbox:upload": Row(ANSWERS),
    "inbox:preferences": Row(SIGNED_IN),
    "inbox:ticket": Row(SEES_TICKET),
    "inbox:older": Row(SEES_TICKET),
    "inbox:live": Row(SEES_TICKET),
    "inbox:change": Row(CHANGES_TICKET),
    "inbox:around": Row(SEES_TICKET),
    "inbox:order-link": Row(CHANGES_TICKET, data=lambda scene: {"order": scene.order.number}),
    "inbox:order-unlink": Row(CHANGES_TICKET),
    "inbox:message-numbers": Row(SEES_TICKET),
    "inbox:review": Row(CHANGES_TICKET),
    "inbox:participant": Row(CHANGES_TICKET),
    "inbox:claim": Row(
        CHANGES_TICKET,
        lambda scene: {"number": scene.ticket.number, "name": "claimed_email"},
        lambda _scene: {"decision": "dismiss"},
    ),
    "inbox:see": Row(SEES_TICKET, data=lambda scene: {"message": scene.message.pk}),
    "inbox:channel-choices": Row(SEES_TICKET),
    "inbox:choices": Row(
        SEES_TICKET, lambda scene: {"number": scene.ticket.number, "name": "tags"}
    ),
    "inbox:draft": Row(CHANGES_TICKET),
    "inbox:canned": Row(CHANGES_TICKET),
    "inbox:canned-use": Row(CHANGES_TICKET, _canned_use),
    "inbox:reply": Row(CHANGES_TICKET),
    "inbox:note": Row(CHANGES_TICKET),
    "inbox:merge": Row(CHANGES_TICKET, data=lambda scene: {"into": scene.chat_ticket.number}),
    "inbox:merge-candidates": Row(CHANGES_TICKET),
    "inbox:merge-undo": Row({**CHANGES_TICKET, "manager": HIDDEN}, _ticket_merge),
    "inbox:message-split": Row(CHANGES_TICKET),
    "inbox:message-undo": Row(CHANGES_TICKET),
    "inbox:message-settle": Row(CHANGES_TICKET),
    "inbox:message-whole": Row(CHANGES_TICKET),
    "inbox:message-body": Row(SEES_TICKET),
    "inbox:message-image": Row(SEES_TICKET, query=_signed_image),
    "inbox:attachment": Row(SEES_TICKET),
    "inbox:customers": Row(SIGNED_IN),
    "inbox:customer": Row(SEES_TICKET, post=CHANGES_TICKET),
    "inbox:customers-export": Row(MANAGERS),
    "inbox:customer-merge": Row(
        CHANGES_TICKET, data=lambda scene: {"other": scene.chat_ticket.customer.public_id}
    ),
    "inbox:customer-unmerge": Row(CHANGES_TICKET, _merge),
    # Settings
    "settings:overview": Row(SIGNED_IN),
    "settings:profile": Row(SIGNED_IN),
    "settings:fields": Row(ADMINS),
    "settings:field-new": Row(ADMINS),
    "settings:field-edit": Row(ADMINS, "field"),
    "settings:field-remove": Row(ADMINS, "field"),
    "settings:reasons-usual": Row(ADMINS),
    "settings:session-end": Row(
        {**SIGNED_IN, **dict.fromkeys(("supervisor", "manager", "admin", "outsider"), HIDDEN)},
        "session",
    ),
    "settings:sessions-end-others": Row(SIGNED_IN),
    "settings:users": Row(ADMINS),
    "settings:user-invite": Row(ADMINS),
    "settings:invitation-withdraw": Row(ADMINS, "invitation"),
    "settings:user-edit": Row(ADMINS, "agent"),
    "settings:user-deactivate": Row(ADMINS, "agent"),
    "settings:user-reactivate": Row(ADMINS, "agent"),
    "settings:user-end-sessions": Row(ADMINS, "agent"),
    "settings:user-drop-second-factor": Row(ADMINS, "agent"),
    "settings:teams": Row(ADMINS),
    "settings:team-new": Row(ADMINS),
    "settings:team-edit": Row(ADMINS, "team"),
    "settings:team-remove": Row(ADMINS, "team"),
    "settings:team-default": Row(ADMINS, "team"),
    "settings:shops": Row(ADMINS),
    "settings:shop-new": Row(ADMINS),
    "settings:shop-edit": Row(ADMINS, "shop"),
    "settings:shop-remove": Row(ADMINS, "shop"),
    "settings:tags": Row(ADMINS),
    "settings:tag-new": Row(ADMINS),
    "settings:tag-edit": Row(ADMINS, "tag"),
    "settings:tag-remove": Row(ADMINS, "tag"),
    "settings:reasons": Row(ADMINS),
    "settings:reason-new": Row(ADMINS),
    "settings:reason-edit": Row(ADMINS, "reason"),
    "settings:reason-remove": Row(ADMINS, "reason"),
    "settings:surveys": Row(ADMINS),
    "settings:survey-edit": Row(ADMINS, "shop"),
    # Everybody sees the figures of what is theirs.
    "kpi:page": Row(SIGNED_IN),
    "kpi:tickets": Row(SIGNED_IN, query=lambda _: {"figure": "contacts"}),
    "kpi:responses": Row(SIGNED_IN, query=lambda _: {"figure": "csat"}),
    "kpi:wall": Row(SIGNED_IN),
    "kpi:csv": Row(MANAGERS),
    "kpi:xlsx": Row(MANAGERS),
    "kpi:goals": Row(MANAGERS),
    "kpi:reports": Row(MANAGERS),
    "kpi:report-remove": Row({**MANAGERS, "admin": HIDDEN}, "report"),
    # Whoever holds the signed link may answer.
    "selfservice:survey": Row(EVERYBODY, lambda scene: {"token": links.token(scene.survey)}),
    "settings:calendars": Row(ADMINS),
    "settings:calendar-new": Row(ADMINS),
    "settings:calendar-preview": Row(ADMINS),
    "settings:calendar-edit": Row(ADMINS, "calendar"),
    "settings:calendar-remove": Row(ADMINS, "calendar"),
    "settings:calendar-default": Row(ADMINS, "calendar"),
    "settings:rules": Row(ADMINS),
    "settings:rule-new": Row(ADMINS),
    "settings:rule-try": Row(ADMINS),
    "settings:rule-edit": Row(ADMINS, "rule"),
    "settings:rule-change": Row(ADMINS, "rule"),
    "settings:sla": Row(ADMINS),
    "settings:policy-new": Row(ADMINS),
    "settings:policy-edit": Row(ADMINS, "policy"),
    "settings:policy-change": Row(ADMINS, "policy"),
    "settings:canned": Row(SUPERVISORS),
    "settings:canned-new": Row(SUPERVISORS),
    "settings:canned-preview": Row(SUPERVISORS),
    "settings:canned-edit": Row(SUPERVISORS, "canned_reply"),
    "settings:canned-remove": Row(SUPERVISORS, "canned_reply"),
    "settings:keys": Row(ADMINS),
    "settings:key-new": Row(ADMINS),
    "settings:key-revoke": Row(ADMINS, "key"),
    "settings:channels": Row(ADMINS),
    "settings:channel-choose": Row(ADMINS),
    "settings:channel-new": Row(ADMINS),
    "settings:channel": Row(ADMINS, "mailbox"),
    "settings:channel-edit": Row(ADMINS, "mailbox"),
    "settings:channel-check": Row(ADMINS, "mailbox"),
    "settings:channel-switch": Row(ADMINS, "mailbox"),
    "settings:chat-preview": Row(ADMINS, "widget"),
    "settings:journal": Row(ADMINS),
    "settings:event": Row(ADMINS, "event"),
    "settings:event-raw": Row(ADMINS, "event"),
    "settings:event-replay": Row(ADMINS, "event"),
    "settings:event-discard": Row(ADMINS, "event"),
    "settings:outbox": Row(ADMINS),
    "settings:delivery-retry": Row(ADMINS, "delivery"),
    "settings:delivery-call-sent": Row(ADMINS, "delivery"),
    "settings:audit": Row(ADMINS),
    "settings:health": Row(ADMINS),
    "settings:dead-letters": Row(ADMINS),
    "settings:letter-retry": Row(ADMINS, _letter),
    "settings:letter-discard": Row(ADMINS, _letter),
    # The API's own pages; its operations stand below
    "api:schema": Row(EVERYBODY),
    "api:docs": Row(EVERYBODY),
    "api:api/": Row(NOBODY),
    # Demo: not there unless it is a demo
    "demo:home": Row(NOBODY),
    "demo:shop": Row(NOBODY),
    "demo:mail-write": Row(NOBODY),
    "demo:mail-answer": Row(NOBODY, lambda _: {"key": "x"}),
    "demo:messenger": Row(NOBODY),
}

# By method and path of the schema.
OPERATIONS: dict[str, Row] = {
    "GET shops/": Row(KEYS),
    "POST shops/": Row(
        {**KEYS_OF_ADMIN, "foreign_key": REFUSED}, data=lambda _: {"slug": "nowy", "name": "Nowy"}
    ),
    "GET shops/{slug}/": Row(KEYS_OF_SHOP, "shop"),
    "PATCH shops/{slug}/": Row(KEYS_OF_ADMIN, "shop", data=lambda _: {"name": "Inny"}),
    "GET customers/": Row(KEYS),
    "GET customers/{customer_id}/": Row(KEYS_OF_SHOP),
    "PUT shops/{slug}/customers/{external_id}/": Row(
        KEYS_CHANGE, lambda scene: {"slug": scene.shop.slug, "external_id": "7"}
    ),
    "GET orders/": Row(KEYS),
    "GET kpi/summary/": Row(KEYS_OF_MANAGER),
    "GET kpi/series/": Row(KEYS_OF_MANAGER, query=lambda _: {"figure": "frt"}),
    "GET kpi/breakdown/": Row(KEYS_OF_MANAGER, query=lambda _: {"by": "agent"}),
    "GET surveys/responses/": Row(KEYS_OF_MANAGER),
    "GET shops/{slug}/orders/{external_id}/": Row(KEYS_OF_SHOP, _order),
    "PUT shops/{slug}/orders/{external_id}/": Row(
        KEYS_CHANGE, _order, data=lambda scene: {**scene.order.document, "status": "shipped"}
    ),
    "PUT shops/{slug}/orders/{external_id}/shipments/{shipment_id}/": Row(
        KEYS_CHANGE, _order, data=lambda _: _SHIPMENT
    ),
    "POST customers/": Row(
        {**KEYS_WRITE, "outsider": HIDDEN, "foreign_key": HIDDEN},
        data=lambda scene: {"name": "Jan", "shop": scene.shop.slug},
    ),
    "PATCH customers/{customer_id}/": Row(KEYS_CHANGE, data=lambda _: {"name": "Inna"}),
    "POST customers/{customer_id}/merge/": Row(
        KEYS_CHANGE, data=lambda scene: {"other": str(scene.chat_ticket.customer.public_id)}
    ),
    "GET search/": Row(KEYS, query=lambda _: {"q": SECRET}),
    "POST channels/{channel_id}/messages/": Row(
        KEYS_CHANGE,
        lambda scene: {"channel_id": scene.own_channel.public_id},
        data=lambda _: {"id": "1", "sender": {"id": "7"}, "body_text": "Halo"},
    ),
    "GET channels/": Row(KEYS),
    "POST channels/": Row(
        KEYS_OF_ADMIN,
        data=lambda scene: {"kind": "chat", "name": "Czat", "shop": scene.shop.slug},
    ),
    "GET channels/{channel_id}/": Row(KEYS_OF_SHOP),
    "PATCH channels/{channel_id}/": Row(KEYS_OF_ADMIN, data=lambda _: {"name": "Inny"}),
    "GET tickets/": Row(KEYS),
    "POST tickets/": Row(
        KEYS_CHANGE,
        data=lambda scene: {
            "channel": str(scene.mailbox.public_id),
            "subject": "a",
            "customer": {"email": "jan@example.com"},
            "message": {"direction": "note", "body_text": "a"},
        },
    ),
    "GET tickets/{number}/": Row(KEYS_OF_SHOP),
    "PATCH tickets/{number}/": Row(KEYS_CHANGE, data=lambda _: {"subject": "Inny"}),
    "GET tickets/{number}/messages/": Row(KEYS_OF_SHOP),
    "POST tickets/{number}/messages/": Row(
        KEYS_CHANGE, data=lambda _: {"direction": "note", "body_text": "a"}
    ),
    "POST tickets/{number}/merge/": Row(
        KEYS_CHANGE, data=lambda scene: {"into": scene.chat_ticket.number}
    ),
    "POST tickets/{number}/split/": Row(
        KEYS_CHANGE, data=lambda scene: {"message": str(scene.message.public_id)}
    ),
    "GET tickets/{number}/events/": Row(KEYS_OF_SHOP),
    "POST attachments/": Row(KEYS_WRITE, data=lambda _: {"file": PNG}),
    "GET attachments/{attachment_id}/": Row(KEYS_OF_SHOP),
    "GET tags/": Row(KEYS),
    "POST tags/": Row(KEYS_OF_ADMIN_ALONE, data=lambda _: _NAMED),
    "GET tags/{slug}/": Row(KEYS, "tag"),
    "PATCH tags/{slug}/": Row(KEYS_OF_ADMIN_ALONE, "tag", data=lambda _: {"name": "Inny"}),
    "GET reasons/": Row(KEYS),
    "POST reasons/": Row(KEYS_OF_ADMIN_ALONE, data=lambda _: _NAMED),
    "GET reasons/{slug}/": Row(KEYS, "reason"),
    "PATCH reasons/{slug}/": Row(KEYS_OF_ADMIN_ALONE, "reason", data=lambda _: {"name": "Inny"}),
    "GET teams/": Row(KEYS),
    "POST teams/": Row(KEYS_OF_ADMIN_ALONE, data=lambda _: _NAMED),
    "GET teams/{slug}/": Row(KEYS, "team"),
    "PATCH teams/{slug}/": Row(KEYS_OF_ADMIN_ALONE, "team", data=lambda _: {"name": "Inny"}),
    "GET users/": Row(KEYS),
}

# By the path of the socket and the type of the frame; how it is sent stands in test_sockets.py.
# Whoever is let in hears of the team's ticket (or chat); all others hear nothing of it.
SOCKETS: dict[str, dict[str, Rule]] = {
    "ws/workspace/": {
        "resume": SEES_TICKET,
        "watch": SEES_TICKET,
        "presence": SEES_TICKET,
        "ping": SIGNED_IN,
    },
    "ws/chat/{channel}/": dict.fromkeys(
        ("session.resume", "message.send", "typing", "read", "rating", "ping", "session.end"),
        VISITORS,
    ),
}

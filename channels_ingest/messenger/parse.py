"""One event of the Messenger Platform -> what the helpdesk makes of it.

Sources: contracts/messenger.md 6, after developers.facebook.com/documentation/business-messaging/
messenger-platform/webhooks/webhook-events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from channels_ingest.adapter import Ignore, Malformed
from channels_ingest.messenger import attachments, metadata
from channels_ingest.models import InboundEvent
from crm.identifying import Handle
from crm.models import Identity
from tickets.incoming import (
    Context,
    Edit,
    Incoming,
    Item,
    Reaction,
    Receipt,
    Removal,
    Restriction,
)

# Reactions without an emoji of their own are named.
_EMOJIS = {
    "smile": "😆",
    "angry": "😠",
    "sad": "😢",
    "wow": "😮",
    "love": "❤",
    "like": "👍",
    "dislike": "👎",
}


# What reading a payload of another form than the documented one ends in.
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, OSError)


@dataclass(frozen=True)
class _Event:
    """One event with what is known of its Page; `standby`: another app answers the conversation."""

    channel_id: int
    page_id: str
    scope: str
    app_id: str
    standby: bool
    payload: dict[str, Any]

    @property
    def at(self) -> datetime:
        return _moment(self.payload["timestamp"])

    @property
    def person(self) -> Handle:
        """Whom the conversation is with: the sender, or in an echo the recipient."""
        ids = [self.payload[end]["id"] for end in ("sender", "recipient") if end in self.payload]
        people = [str(each) for each in ids if str(each) != self.page_id]
        if not people:
            raise Ignore("no person in the event")
        return Handle(Identity.Kind.PAGE_SCOPED, people[0], scope=self.scope)

    @property
    def is_by_page(self) -> bool:
        return str(self.payload.get("sender", {}).get("id", "")) == self.page_id


def parse(event: InboundEvent) -> list[Item]:
    """What one journaled event says. Raises `Ignore` for what is not shown, `Malformed`.

    Times of the platform are milliseconds since 1970, UTC.
    """
    try:
        found = _event(event)
        for name, read in _READERS.items():
            if name in found.payload:
                return read(found, found.payload[name])
    except _BROKEN as e:
        raise Malformed(f"messenger: {e!r}") from e
    raise Ignore(f"unknown event: {', '.join(sorted(found.payload))[:200]}")


def _event(event: InboundEvent) -> _Event:
    batch = event.payload
    [entry] = batch["entry"]
    if event.channel_id is None:
        raise Ignore("unknown page")
    if batch.get("object") != "page":
        raise Ignore("no event of a Page")
    standby = "standby" in entry
    if "messaging" not in entry and not standby:
        raise Ignore(f"unknown entry: {', '.join(sorted(entry))[:200]}")
    [payload] = entry["standby"] if standby else entry["messaging"]
    return _Event(
        channel_id=event.channel_id,
        page_id=str(entry["id"]),
        scope=event.meta["scope"],
        app_id=event.meta.get("app_id", ""),
        standby=standby,
        payload=dict(payload),
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _message(event: _Event, message: dict[str, Any]) -> list[Item]:
    if message.get("is_deleted"):
        return [Removal(event.channel_id, message["mid"], event.at)]
    if message.get("is_echo") or event.is_by_page:
        return _echo(event, message)
    return [_incoming(event, message)]


def _echo(event: _Event, message: dict[str, Any]) -> list[Item]:
    """Something that the Page sent: by us, which is a receipt, or by another tool."""
    mid = message["mid"]
    ours = metadata.read(str(message.get("metadata", "")))
    by_our_app = bool(event.app_id) and str(message.get("app_id", "")) == event.app_id
    if ours or by_our_app:
        named = {"message": ours[0], "part": ours[1]} if ours else {"external_ids": (mid,)}
        return [Receipt(event.channel_id, "sent", event.at, external_id=mid, **named)]
    return [_incoming(event, message, outbound=True)]


def _incoming(event: _Event, message: dict[str, Any], *, outbound: bool = False) -> Incoming:
    text = str(message.get("text") or "")
    content = attachments.read(message.get("attachments") or [], text)
    answers = message.get("reply_to") or {}
    return Incoming(
        channel_id=event.channel_id,
        sender=event.person,
        external_id=message["mid"],
        occurred_at=event.at,
        body_text="\n".join(filter(None, [text, *content.lines])),
        files=content.files,
        outbound=outbound,
        answers=str(answers.get("mid", "")),
        context=_context(event, message) | content.context,
    )


def _context(event: _Event, message: dict[str, Any]) -> dict[str, Any]:
    """What belongs to a message beside its words."""
    context: dict[str, Any] = {"standby": True} if event.standby else {}
    if quick_reply := message.get("quick_reply"):
        context["payload"] = quick_reply["payload"]
    if referral := message.get("referral"):
        context["referral"] = referral
        if product := referral.get("product"):
            context["product_id"] = str(product["id"])
    if message.get("is_echo") and "app_id" in message:
        context["app_id"] = str(message["app_id"])
    return context


def _postback(event: _Event, postback: dict[str, Any]) -> list[Item]:
    """A button was pressed; as the standby app we are not told its payload."""
    extra = {key: postback[key] for key in ("payload", "referral") if key in postback}
    return [
        Incoming(
            channel_id=event.channel_id,
            sender=event.person,
            external_id=postback.get("mid", ""),
            occurred_at=event.at,
            body_text=str(postback.get("title", "")),
            context=_context(event, {}) | {"postback": True} | extra,
        )
    ]


def _edit(event: _Event, edit: dict[str, Any]) -> list[Item]:
    number = int(edit.get("num_edit", 1))
    return [Edit(event.channel_id, edit["mid"], str(edit["text"]), event.at, number)]


def _reaction(event: _Event, reaction: dict[str, Any]) -> list[Item]:
    if event.is_by_page:
        raise Ignore("reaction of the Page itself")
    name = reaction.get("reaction", "")
    emoji = reaction.get("emoji") or _EMOJIS.get(name, "👍")
    if reaction["action"] == "unreact":
        emoji = ""
    return [Reaction(event.channel_id, reaction["mid"], event.person, emoji, event.at)]


def _delivery(event: _Event, delivery: dict[str, Any]) -> list[Item]:
    return [_receipt(event, "delivered", delivery)]


def _read(event: _Event, read: dict[str, Any]) -> list[Item]:
    return [_receipt(event, "read", read)]


def _receipt(event: _Event, state: str, told: dict[str, Any]) -> Receipt:
    """Everything sent up to the watermark has come so far; `mids` may be missing."""
    return Receipt(
        event.channel_id,
        state,
        event.at,
        external_ids=tuple(told.get("mids") or ()),
        recipient=event.person,
        until=_moment(told["watermark"]) if "watermark" in told else None,
    )


def _referral(event: _Event, referral: dict[str, Any]) -> list[Item]:
    """The person came back by a link or an ad, without a word."""
    return [Context(event.channel_id, event.person, event.at, {"referral": referral})]


def _optin(event: _Event, optin: dict[str, Any]) -> list[Item]:
    return [Context(event.channel_id, event.person, event.at, {"optin": optin})]


def _control(event: _Event, control: dict[str, Any]) -> list[Item]:
    """Another app passed the conversation to us, or we lost it to one."""
    owner = control.get("new_owner_app_id")
    if owner is None:
        ours = True  # nobody in particular: every app may answer
    elif event.app_id:
        ours = str(owner) == event.app_id
    else:
        ours = "pass_thread_control" in event.payload
    facts = {"ours": ours, "since": event.at.isoformat(), "app_id": str(owner or "")}
    waits = ours and "pass_thread_control" in event.payload
    context = {"conversation": facts}
    return [Context(event.channel_id, event.person, event.at, context, waits=waits)]


def _request(event: _Event, control: dict[str, Any]) -> list[Item]:
    """Another app would like to have the conversation."""
    asked = {"app_id": str(control.get("requested_owner_app_id", "")), "at": event.at.isoformat()}
    return [Context(event.channel_id, event.person, event.at, {"conversation_asked_for": asked})]


def _policy(event: _Event, policy: dict[str, Any]) -> list[Item]:
    """Meta stops the Page's messages for a breach of its rules, or allows them again."""
    if policy["action"] != "block":
        return [Restriction(event.channel_id, event.at)]
    reason = " ".join(str(policy.get("reason", "")).split())[:500]
    error = _("Facebook has blocked the messages of this Page: %(reason)s") % {"reason": reason}
    return [Restriction(event.channel_id, event.at, error)]


def _roles(event: _Event, roles: dict[str, Any]) -> list[Item]:
    raise Ignore("roles of apps at the Page")


_READERS: dict[str, Callable[[_Event, dict[str, Any]], list[Item]]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "reaction": _reaction,
    "delivery": _delivery,
    "read": _read,
    "referral": _referral,
    "optin": _optin,
    "pass_thread_control": _control,
    "take_thread_control": _control,
    "request_thread_control": _request,
    "policy_enforcement": _policy,
    "app_roles": _roles,
}

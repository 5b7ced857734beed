"""One part of a message -> one call of the Send API.

Source: contracts/messenger.md 7, after developers.facebook.com/docs/messenger-platform/reference/
send-api.
"""

import json
import logging
from typing import Any

from channels_ingest.adapter import Outgoing, Refused, Sent
from channels_ingest.messenger import errors, graph, limits, metadata
from channels_ingest.models import Connection
from tickets import attaching
from tickets.errors import AnsweredElsewhere
from tickets.models import Attachment, Message
from tickets.windows import has_human_window, reply_window

logger = logging.getLogger(__name__)

_RESPONSE = {"messaging_type": "RESPONSE"}
_HUMAN_AGENT = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}

_TYPES = ("image", "audio", "video")
_UPLOAD_TIMEOUT_S = 90


def send(outgoing: Outgoing) -> Sent:
    """Raises `Refused`, `Unavailable`, `Uncertain`.

    The mark that Meta gives back in the echo tells what became of a call whose answer was lost.
    """
    first, *others = _modes(outgoing)
    try:
        return _send(outgoing, first)
    except Refused as refusal:
        # Their clock says otherwise than ours: a person's answer may still go as such.
        if refusal.code not in errors.WINDOW_CLOSED or not others:
            raise
        return _send(outgoing, others[0])


def _send(outgoing: Outgoing, mode: dict[str, str]) -> Sent:
    connection, part = outgoing.connection, outgoing.part
    mark = metadata.write(outgoing.message.public_id, outgoing.number)
    message: dict[str, Any] = {"metadata": mark}
    body: dict[str, Any] = {"recipient": {"id": outgoing.recipient}, **mode, "message": message}
    limits.wait_for_turn(graph.page_id(connection), outgoing.recipient)
    try:
        if part.attachments:
            [file] = part.attachments
            result = _upload(connection, body, file, outgoing.attempt)
        else:
            message["text"] = part.text
            result = _post(connection, body, outgoing.attempt)
    except Refused as refusal:
        if refusal.code == errors.INVALID_PARAMETER:
            shape = [*mode.values(), *sorted(message), len(part.text)]
            logger.warning("delivery %s: Meta refused its form, %s", outgoing.delivery_id, shape)
        raise
    return Sent(external_id=str(result.get("message_id", "")))


def gesture(connection: Connection, recipient: str, name: str) -> None:
    """Show "typing_on", "typing_off" or "mark_seen".

    Raises `Refused`, `Unavailable`, `Uncertain`.
    """
    limits.raise_if_paused(graph.page_id(connection))
    body = {"recipient": {"id": recipient}, "sender_action": name}
    graph.call(connection, _path(connection), method="POST", body=body, timeout_s=5)


def _modes(outgoing: Outgoing) -> list[dict[str, str]]:
    """The messaging types that the customer's last message allows. Raises `Refused` for none.

    HUMAN_AGENT is for what a person wrote, never for automation.
    """
    window = reply_window(outgoing.message.ticket, outgoing.channel)
    if window.elsewhere:
        raise Refused(str(AnsweredElsewhere()), code="elsewhere")
    by_person = _is_by_person(outgoing.message) and has_human_window(outgoing.channel)
    allowed = [_RESPONSE] if window.open else []
    allowed += [_HUMAN_AGENT] if window.human and by_person else []
    if not allowed:
        raise Refused(errors.window_text(), code="window")
    return allowed


def _is_by_person(message: Message) -> bool:
    return (
        message.author_kind == Message.Author.AGENT
        and message.author_user_id is not None
        and not message.automatic
    )


def _post(connection: Connection, body: dict[str, Any], attempt: int) -> dict[str, Any]:
    return graph.call(connection, _path(connection), method="POST", body=body, attempt=attempt)


def _upload(
    connection: Connection, body: dict[str, Any], file: Attachment, attempt: int
) -> dict[str, Any]:
    """The file itself goes along, so that it needs no public address."""
    main_type = file.content_type.partition("/")[0]
    attachment = {
        "type": main_type if main_type in _TYPES else "file",
        "payload": {"is_reusable": False},
    }
    message = {"attachment": attachment, **body["message"]}
    form = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in {**body, "message": message}.items()
    }
    content = attaching.read(file)
    return graph.call(
        connection,
        _path(connection),
        method="POST",
        form=form,
        files={"filedata": (file.name, content, file.content_type)},
        attempt=attempt,
        timeout_s=_UPLOAD_TIMEOUT_S,
    )


def _path(connection: Connection) -> str:
    return f"{graph.page_id(connection)}/messages"

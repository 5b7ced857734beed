"""What an error of the Graph API means for a message, by code and sub-code, never by its text.

Source: contracts/messenger.md 8, after .../business-messaging/messenger-platform/error-codes.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from channels_ingest.adapter import Refused, Unavailable

logger = logging.getLogger(__name__)

# How long a Page that Meta stopped is left alone before the next try.
_PAUSE = timedelta(hours=1)
# How long to wait where a rate limit names no time.
_RATE_LIMIT = timedelta(minutes=1)
# Code 2 may also mean that the person blocked the Page: more tries than this are in vain.
_TRIES_OF_CODE_2 = 3

_RATE_LIMITS = {4, 32, 613, 80006}
_TEMPORARY = {1, 2, 1200}
_NO_PERMISSION = {3, 10, 200, 230}
# Names of errors, as refusals bear them.
INVALID_PARAMETER = "100"
WINDOW_CLOSED = {"10.2018278", "10.2018065"}
_UNREACHABLE = {(10, 2018108), (200, 1545041)}
_RESTRICTED = {(10, 1893063)}


@dataclass(frozen=True)
class GraphError:
    """The error of an answer. `wait`: until when the usage headers ask us to stay away."""

    status: int
    code: int = 0
    subcode: int = 0
    transient: bool = False
    wait: timedelta | None = None

    @property
    def name(self) -> str:
        """As it is shown in the details: "10.2018278", or "http.502" without a code."""
        if not self.code:
            return f"http.{self.status}"
        return f"{self.code}.{self.subcode}" if self.subcode else str(self.code)


def read(status: int, body: Any, wait: timedelta | None = None) -> GraphError:
    """Read an error's body; one that is not in the documented form leaves the HTTP status."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return GraphError(status, wait=wait)
    return GraphError(
        status,
        code=_number(error.get("code")),
        subcode=_number(error.get("error_subcode")),
        transient=bool(error.get("is_transient")),
        wait=wait,
    )


def meaning(error: GraphError, *, attempt: int = 1) -> Refused | Unavailable:
    """What is to be raised for an error of a message's `attempt`-th try."""
    both = (error.code, error.subcode)
    if error.code == 190 or (error.status == 401 and not error.code):
        return _refused(error, token_text(), needs_reauth=True)
    if error.name in WINDOW_CLOSED:
        return _refused(error, window_text())
    if both in _UNREACHABLE or error.code == 551:
        return _refused(error, _unreachable_text(), unreachable=True)
    if both in _RESTRICTED:
        return _refused(error, _restricted_text(), pause=_PAUSE)
    if error.code == 368:
        return _refused(error, _abusive_text(), pause=_PAUSE)
    if error.code in _RATE_LIMITS or error.status == 429:
        text = _("Facebook asks us to write less often. The message goes out by itself.")
        return Unavailable(text, code=error.name, retry_after=error.wait or _RATE_LIMIT)
    if error.code == 2 and attempt >= _TRIES_OF_CODE_2:
        return _refused(error, _unreachable_text())
    if error.transient or error.code in _TEMPORARY or error.status >= 500:
        text = _("Facebook has a passing fault. The message goes out by itself.")
        return Unavailable(text, code=error.name, retry_after=error.wait)
    if error.code in _NO_PERMISSION and not error.subcode:
        return _refused(error, permission_text(), needs_reauth=True)
    return _final(error)


def _final(error: GraphError) -> Refused:
    """The message itself is not taken, whenever it is tried."""
    if (error.code, error.subcode) == (100, 1893061):
        logger.error("a message tag that Meta has retired was sent")
    text = _FINAL.get((error.code, error.subcode)) or _FINAL.get((error.code, 0))
    return _refused(error, text() if text else _other_text(error))


def token_text() -> str:
    return _(
        "Facebook does not accept the Page's access token any more. Get a new one and enter it "
        "in the channel's settings; what waits goes out then."
    )


def permission_text() -> str:
    return _(
        "The Facebook app lacks the permission to write for this Page. Grant pages_messaging "
        "to the app and enter a new access token in the channel's settings."
    )


def window_text() -> str:
    return _(
        "Messenger did not take the message: the time for an answer is over. Write by e-mail or "
        "phone, or wait until the customer writes again."
    )


def _unreachable_text() -> str:
    return _(
        "This person does not receive messages of the Page: they blocked it, switched messages "
        "off or left Messenger. Write by e-mail or phone."
    )


def _restricted_text() -> str:
    return _(
        "Facebook has restricted this Page's messages for a time. Look at the Page's quality in "
        "Meta Business Suite; what waits goes out when the restriction ends."
    )


def _abusive_text() -> str:
    return _(
        "Facebook has stopped this Page because it takes its messages for abuse. Look at the "
        "Page's quality in Meta Business Suite and ask for a review there."
    )


def _unknown_person_text() -> str:
    return _(
        "Facebook knows no such person for this Page: the account was deleted, or wrote to "
        "another Page. Write by e-mail or phone."
    )


def _too_large_text() -> str:
    return _("The file is too large for Messenger, which takes at most 25 MB. Send a link to it.")


def _retired_text() -> str:
    return _(
        "The helpdesk sent a mark that Meta does not take any more. Tell your administrator: the "
        "helpdesk needs an update."
    )


def _comment_answered_text() -> str:
    return _("This comment has had its private answer; Facebook allows one.")


def _comment_text() -> str:
    return _("Facebook allows no private answer to this comment.")


def _page_off_text() -> str:
    return _("Messages are switched off on this Page. Switch them on in the Page's settings.")


def _other_text(error: GraphError) -> str:
    return _(
        "Messenger did not take the message (error %(code)s). Change it and send it again, or "
        "tell your administrator the number."
    ) % {"code": error.name}


_FINAL: dict[tuple[int, int], Callable[[], str]] = {
    (100, 2018001): _unknown_person_text,
    (100, 2018109): _too_large_text,
    (100, 1893061): _retired_text,
    (10900, 0): _comment_answered_text,
    (10903, 0): _comment_text,
    (10904, 0): _page_off_text,
}


def _refused(
    error: GraphError,
    text: str,
    *,
    unreachable: bool = False,
    needs_reauth: bool = False,
    pause: timedelta | None = None,
) -> Refused:
    return Refused(
        text, code=error.name, unreachable=unreachable, needs_reauth=needs_reauth, pause=pause
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0

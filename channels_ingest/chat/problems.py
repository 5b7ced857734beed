"""The refusals of the widget's protocol: stable codes that the widget puts into words."""

from typing import Any

STATUS = {
    "malformed": 400,
    "session_expired": 401,
    "origin_not_allowed": 403,
    "not_found": 404,
    "channel_disabled": 410,
    "file_too_large": 413,
    "payload_too_large": 413,
    "file_type_not_allowed": 415,
    "file_type_mismatch": 415,
    "message_too_long": 422,
    "message_empty": 422,
    "message_differs": 422,
    "field_required": 422,
    "field_invalid": 422,
    "consent_required": 422,
    "conversation_required": 422,
    "email_not_verified": 422,
    "already_rated": 422,
    "rate_limited": 429,
    "unavailable": 503,
}


class Problem(Exception):
    """The request is refused; `code` is one of `STATUS`."""

    def __init__(self, code: str, detail: str = "", *, retry_after: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        return STATUS[self.code]

    def as_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code}
        if self.detail:
            body["detail"] = self.detail
        if self.retry_after:
            body["retry_after"] = self.retry_after
        return body

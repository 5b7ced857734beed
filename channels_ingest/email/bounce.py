"""Mail about mail: bounces (RFC 3464 and free forms), complaints (RFC 5965), receipts (RFC 8098).

Which of our messages it is about is read from the returned message alone, never from the subject.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from channels_ingest.email import transfer
from channels_ingest.email.addresses import Address, parse_addresses
from channels_ingest.email.automatic import Kind, is_machine
from channels_ingest.email.bounce_words import (
    hardness,
    refused_later,
    says_bounce,
    subject_says_bounce,
)
from channels_ingest.email.headers import Fields, parse_fields
from channels_ingest.email.tree import Part

MAX_RECIPIENTS = 100
MAX_TEXT = 64 * 1024
MAX_WORDS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of one recipient: `action` is failed, delayed, delivered, relayed or expanded."""

    address: str
    action: str
    status: str
    diagnostic: str


@dataclass(slots=True)
class Report:
    """A report in one of the standard forms, and the message it is about."""

    kind: Kind | None = None  # None where the report is of a failure: then it is a Bounce
    recipients: list[Failure] = field(default_factory=list)
    original_message_id: str = ""
    original_to: list[str] = field(default_factory=list)
    feedback_type: str = ""
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A message of ours that did not arrive, or not yet.

    `hard`: the address takes no mail and never will. Full mailboxes, filters, policies and faults
    of the moment are soft, whatever their code.
    """

    hard: bool
    status: str
    recipients: list[str]
    kind: Kind
    diagnostic: str = ""
    original_message_id: str = ""


# ---------------------------------------------------------------- reports in standard form


def read_report(root: Part) -> Report | None:
    """The report that a mail is; None for a mail that is none."""
    report = Report()
    returned: list[Fields] = []
    found = False
    for part in root.leaves():
        match part.content_type:
            case "message/delivery-status" | "message/global-delivery-status":
                report.recipients += _failures(_content(part))
                found = True
            case "message/feedback-report":
                _read_feedback(report, parse_fields(_joined(_content(part))))
                found = True
            case "message/disposition-notification" | "message/global-disposition-notification":
                _read_receipt(report, parse_fields(_joined(_content(part))))
                found = True
            case (
                "message/rfc822"
                | "text/rfc822-headers"
                | "message/global"
                | "message/global-headers"
            ):
                returned.append(returned_header(part))
    if not found and root.content_type != "multipart/report":
        return _aggregate_report(root)
    for fields in returned[:1]:
        _read_returned(report, fields)
    if report.recipients and not any(
        one.action in ("failed", "delayed") for one in report.recipients
    ):
        report.kind = report.kind or Kind.DELIVERY_REPORT
    return report


def is_words_alone(part: Part) -> bool:
    """A part that calls itself a delivery status and holds a text for people."""
    return (
        part.content_type == "message/delivery-status"
        and _STATUS_FIELD.search(part.body[:MAX_TEXT]) is None
        and not part.encoding.lower().startswith("base64")
    )


_STATUS_FIELD = re.compile(
    rb"^(?:reporting-mta|final-recipient|original-recipient|action|status)[ \t]*:", re.I | re.M
)


def _aggregate_report(root: Part) -> Report | None:
    """DMARC and TLS reports: a machine's archive about mail in general."""
    subject = root.fields.get("Subject")
    if "TLS-Report-Domain" in root.fields or re.match(
        r"(?i)\s*report domain:.{0,200}submitter:", subject
    ):
        return Report(kind=Kind.REPORT)
    return None


def _content(part: Part) -> bytes:
    return transfer.decode(part.body[: 4 * MAX_TEXT], part.encoding)[0][:MAX_TEXT]


def _joined(block: bytes) -> bytes:
    """The fields of several blocks as one."""
    return re.sub(rb"(?:\r?\n[ \t]*){2,}(?=\S)", b"\n", block.lstrip())


def _failures(block: bytes) -> list[Failure]:
    failures = []
    for piece in re.split(rb"\r?\n[ \t]*\r?\n", block)[: MAX_RECIPIENTS + 20]:
        fields = parse_fields(piece.lstrip(b"\r\n"))
        address = _typed(fields.get("Final-Recipient")) or _typed(fields.get("Original-Recipient"))
        if not address and "Action" not in fields and "Status" not in fields:
            continue
        failures.append(
            Failure(
                address=address or _typed(fields.get("Original-Recipient")),
                action=fields.get("Action").split("(")[0].strip().lower() or "failed",
                status=_status_in(fields.get("Status")),
                diagnostic=fields.get("Diagnostic-Code")[:2000],
            )
        )
    return failures[:MAX_RECIPIENTS]


def _typed(value: str) -> str:
    """The address of `rfc822; user@example.com`."""
    value = value.partition(";")[2] or value
    found = parse_addresses(value.strip())
    return found[0].email if found and "@" in found[0].email else ""


def _read_feedback(report: Report, fields: Fields) -> None:
    report.feedback_type = fields.get("Feedback-Type").strip().lower()
    report.kind = Kind.REPORT if report.feedback_type == "auth-failure" else Kind.COMPLAINT
    report.original_to += [
        address.email
        for value in [*fields.get_all("Original-Rcpt-To"), *fields.get_all("Removal-Recipient")]
        for address in parse_addresses(value)
    ]


def _read_receipt(report: Report, fields: Fields) -> None:
    report.kind = Kind.MDN
    report.disposition = fields.get("Disposition").rpartition(";")[2].strip().lower()
    report.original_message_id = fields.get("Original-Message-ID").strip("<> ")
    if address := _typed(fields.get("Final-Recipient")):
        report.original_to.append(address)


def returned_header(part: Part) -> Fields:
    """The header of a message that is attached."""
    content = _content(part).lstrip()
    return parse_fields(re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0])


def _read_returned(report: Report, fields: Fields) -> None:
    report.original_message_id = report.original_message_id or fields.get("Message-ID").strip("<> ")
    if not report.original_to:
        report.original_to = [address.email for address in parse_addresses(fields.text("To"))]


# ---------------------------------------------------------------- bounces


def find_bounce(
    root: Part, report: Report | None, senders: Sequence[Address], subject: str, text: str
) -> Bounce | None:
    """The bounce that a mail is, in whatever form; None for all other mail."""
    if report and report.kind:
        return None
    if report and report.recipients:
        return _from_report(report, text)
    return _from_words(root, report, senders, subject, text)


def _from_report(report: Report, text: str) -> Bounce:
    failed = [one for one in report.recipients if one.action == "failed"]
    relevant = failed or [one for one in report.recipients if one.action == "delayed"]
    first = relevant[0]
    status = _best_status(first.status, first.diagnostic)
    words = text[:4000]
    hard = bool(failed) and not refused_later(words) and is_hard(status, first.diagnostic, words)
    return Bounce(
        hard=hard,
        status=status,
        recipients=list(dict.fromkeys(one.address for one in relevant if one.address))
        or report.original_to,
        kind=_kind(hard, delayed=not failed),
        diagnostic=first.diagnostic,
        original_message_id=report.original_message_id,
    )


def _from_words(
    root: Part, report: Report | None, senders: Sequence[Address], subject: str, text: str
) -> Bounce | None:
    text = text[:MAX_WORDS]
    failed = [address.email for address in parse_addresses(root.fields.get("X-Failed-Recipients"))]
    from_machine = _from_mail_system(root.fields, senders)
    if not failed and not (from_machine and (subject_says_bounce(subject) or says_bounce(text))):
        return None
    own_words, returned = _split_returned(text)
    status = _best_status("", own_words)
    delayed = _says_delayed(subject, own_words)
    hard = not delayed and is_hard(status, own_words)
    return Bounce(
        hard=hard,
        status=status or ("5.0.0" if not delayed else "4.0.0"),
        recipients=failed or _addresses_in(own_words),
        kind=_kind(hard, delayed=delayed),
        diagnostic=_diagnostic_line(own_words),
        original_message_id=_original_id(root, report, returned),
    )


def _kind(hard: bool, *, delayed: bool) -> Kind:
    if delayed:
        return Kind.BOUNCE_DELAYED
    return Kind.BOUNCE_HARD if hard else Kind.BOUNCE_SOFT


_SYSTEM_NAME = re.compile(
    r"(?i)mail(?:er)?[ -]?(?:delivery|daemon)|delivery (?:sub)?system|postmaster|mail system"
)


def _from_mail_system(fields: Fields, senders: Sequence[Address]) -> bool:
    if fields.get("Return-Path").strip() == "<>" or _SYSTEM_NAME.search(fields.get("From")[:300]):
        return True
    return any(is_machine(one) for one in senders[:3])


_DELAYED = re.compile(r"(?i)delay|still being retried|warning: (?:message|could not send)|opóźni")
_NOT_YET = re.compile(
    r"(?i)will (?:continue|keep|be retried)|no action is required|do not need to resend"
    r"|temporarily delayed"
)


def _says_delayed(subject: str, text: str) -> bool:
    return bool(_DELAYED.search(subject) and _NOT_YET.search(text))


# ---------------------------------------------------------------- codes and words

_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.#:/-])([45])([0-5]\d)(?=[ \-][^\d]|[ ]#?[45]\.\d|[:,]? *<)")


def _status_in(text: str) -> str:
    found = _ENHANCED.search(text) or re.search(r"\b(2)\.(\d{1,3})\.(\d{1,3})\b", text)
    return ".".join(found.groups()) if found else ""


def _best_status(stated: str, diagnostic: str) -> str:
    """The code that says most: the stated one, unless it is general and the other is not."""
    if stated and not stated.endswith(".0.0"):
        return stated
    if found := next((m for m in _ENHANCED.finditer(diagnostic) if m[0][1:] != ".0.0"), None):
        return ".".join(found.groups())
    if stated:
        return stated
    if found := _ENHANCED.search(diagnostic):
        return ".".join(found.groups())
    if reply := _REPLY.search(diagnostic):
        return f"{reply[1]}.0.0"
    return ""


def is_hard(status: str, *texts: str) -> bool:
    """Whether the address itself is wrong.

    Words count before the code, since codes are often general; the other server's own words before
    those of the report's human part.
    """
    if status.startswith("4"):
        return False
    for text in texts:
        if (verdict := hardness(text)) is not None:
            return verdict
    return (
        status.startswith("5.1.") and status not in ("5.1.0", "5.1.7", "5.1.8")
    ) or status == "5.4.4"


_RETURNED = re.compile(
    r"(?im)^[ \t>]{0,8}(?:-{2,3}.{0,60}"
    r"(?:copy of|original|returned|message header|unsent message|below this line).{0,80}"
    r"|return-path: .{0,300}|received: from .{0,300})$"
)


def _split_returned(text: str) -> tuple[str, str]:
    """What the mail system says, and the message it gives back."""
    found = _RETURNED.search(text)
    if not found or found.start() < 20:
        return text, text
    return text[: found.start()], text[found.start() :]


_ADDRESS = re.compile(r"[\w.+=#$%&'*/?^{}|~-]{1,64}@[\w.-]{1,250}\.[A-Za-z]{2,20}")


def _addresses_in(text: str) -> list[str]:
    found = (match[0].lower().rstrip(".") for match in _ADDRESS.finditer(text[:8000]))
    return [
        address
        for address in dict.fromkeys(found)
        if not address.startswith(("postmaster@", "mailer-daemon@", "abuse@"))
    ][:MAX_RECIPIENTS]


def _diagnostic_line(text: str) -> str:
    lines: Iterator[str] = (line.strip() for line in text.splitlines())
    return next((line[:500] for line in lines if _ENHANCED.search(line) or _REPLY.search(line)), "")


_MESSAGE_ID = re.compile(r"(?im)^[ \t>]*message-id:\s*<?([^\s<>]{3,400})>?")


def _original_id(root: Part, report: Report | None, returned: str) -> str:
    """The returned message's id: in its part, in the text after the words, or In-Reply-To."""
    if report and report.original_message_id:
        return report.original_message_id
    for part in root.leaves():
        is_returned = part.content_type in ("message/rfc822", "text/rfc822-headers")
        if is_returned and (found := returned_header(part).get("Message-ID").strip("<> ")):
            return found
    if in_text := _MESSAGE_ID.search(returned):
        return in_text[1]
    return root.fields.get("In-Reply-To").strip("<> ").split(" ")[0]

"""The customer's side: what a person does who writes to the shop, over the real protocols."""

import smtplib
from email.message import EmailMessage
from email.utils import formataddr, make_msgid
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from demo.standins.mail import Letter
from tickets.models import Channel

_TIMEOUT_S = 10


class NotTaken(Exception):
    """The helpdesk's door is shut or refused the mail; the text says why."""


def write_mail(
    *,
    name: str,
    address: str,
    to: str,
    subject: str,
    text: str,
    file: "UploadedFile[bytes] | None" = None,
    answers: Letter | None = None,
) -> None:
    """Send a mail to the shop through its SMTP door. Raises `NotTaken`."""
    message = EmailMessage()
    message["From"] = formataddr((name, address))
    message["To"] = to
    message["Subject"] = subject or "(bez tematu)"
    message["Message-ID"] = make_msgid(domain="poczta.example")
    if answers is not None:
        message["In-Reply-To"] = f"<{answers.mail.message_id}>"
        message["References"] = f"<{answers.mail.message_id}>"
        text = f"{text}\n\n{_quoted(answers)}"
    message.set_content(text)
    if file is not None:
        main, _slash, sub = (file.content_type or "application/octet-stream").partition("/")
        message.add_attachment(file.read(), maintype=main, subtype=sub, filename=file.name)
    host, port = door()
    try:
        with smtplib.SMTP(host, port, timeout=_TIMEOUT_S) as server:
            server.send_message(message, from_addr=address, to_addrs=[to])
    except (OSError, smtplib.SMTPException) as e:
        raise NotTaken(str(e)) from e


def door() -> tuple[str, int]:
    """Where the helpdesk takes mail. Raises `NotTaken` where it takes none."""
    first = settings.SMTP_LISTEN.split(",")[0].split()
    if not first:
        raise NotTaken("HELPDESK_SMTP_LISTEN")
    url = urlsplit(first[0] if "://" in first[0] else f"smtp://{first[0]}")
    return url.hostname or "127.0.0.1", url.port or 25


def shop_address(channel: Channel) -> str:
    return str(channel.connection.settings.get("address", ""))


def answer_address(letter: Letter) -> str:
    """Where an answer to this mail goes: its Reply-To, else its From."""
    replies = letter.mail.reply_to
    if replies:
        return str(replies[0].email)
    return str(letter.mail.from_.email) if letter.mail.from_ else ""


def _quoted(letter: Letter) -> str:
    sender = letter.mail.from_
    who = f"{sender.name or sender.email} <{sender.email}>" if sender else ""
    lines = "\n".join(f"> {line}" for line in letter.mail.text.splitlines())
    return f"W dniu {letter.at:%d.%m.%Y} o {letter.at:%H:%M}, {who} pisze:\n{lines}"

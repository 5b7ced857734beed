"""Handing a mail to the server that sends it on. What goes wrong is told in words for the agent.

Sources: RFC 5321, 4.2 and 4.5.3.2; RFC 6531; contracts/email.md 7.
"""

import re
import smtplib
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from channels_ingest.adapter import Refused, Unavailable, Uncertain, once_begun
from channels_ingest.email import oauth, wire
from channels_ingest.email.bounce import is_hard
from channels_ingest.email.composing import Letter, one_line
from channels_ingest.email.wire import Security
from channels_ingest.models import Connection

_ANSWER_S = 40
# After the content a server may check it for long; the delivery's lease is the limit.
_CONTENT_ANSWER_S = 100
_AUTHENTICATION = {530, 534, 535, 538}
PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


@dataclass(frozen=True)
class Server:
    """The server that sends our mail on, and how to sign in there."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""
    token: str = ""
    # Named by whoever runs the helpdesk, so that it may be a private address.
    trusted: bool = False

    @classmethod
    def of(cls, connection: Connection) -> Self | None:
        """The channel's own, else the installation's; None where that one is not SMTP."""
        host = connection.setting("smtp_host")
        if not host:
            return cls._installation()
        security = Security(connection.setting("smtp_security", Security.STARTTLS))
        user = str(connection.setting("smtp_user", ""))
        uses_token = oauth.is_used(connection)
        return cls(
            host=str(host),
            port=int(connection.setting("smtp_port", PORTS[security])),
            security=security,
            user=user or (str(connection.setting("address", "")) if uses_token else ""),
            password=connection.secrets.get("smtp_password", ""),
            token=oauth.access_token(connection) if uses_token else "",
        )

    @classmethod
    def _installation(cls) -> Self | None:
        if not settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend"):
            return None
        uses_tls = Security.STARTTLS if settings.EMAIL_USE_TLS else Security.NONE
        return cls(
            host=settings.EMAIL_HOST,
            port=int(settings.EMAIL_PORT),
            security=Security.TLS if settings.EMAIL_USE_SSL else uses_tls,
            user=settings.EMAIL_HOST_USER or "",
            password=settings.EMAIL_HOST_PASSWORD or "",
            trusted=True,
        )


def submit(server: Server, letter: Letter) -> list[str]:
    """Send it. Returns the copies that were refused, with the server's words.

    Raises `Refused`, `Unavailable` (nothing was sent), `Uncertain` (perhaps it was).
    """
    with opened(server) as smtp:
        _fits(smtp, letter)
        options = [f"SIZE={len(letter.raw)}"] if smtp.has_extn("size") else []
        if letter.needs_smtputf8:
            options.append("SMTPUTF8")
        _accepted(smtp.mail(letter.sender, options), letter.sender)
        for address in letter.to:
            _accepted(smtp.rcpt(address), address, is_recipient=True)
        refused = list(_refused_copies(smtp, letter))
        code, answer = smtp.docmd("DATA")
        if code != 354:
            raise _error(code, answer)
        with once_begun():
            _send_content(smtp, letter.raw)
        return refused


@contextmanager
def opened(server: Server) -> Iterator[smtplib.SMTP]:
    """A session in which one is signed in. Raises `Refused`, `Unavailable`."""
    smtp = _Session(server)
    try:
        smtp.begin()
        yield smtp
    except (smtplib.SMTPException, OSError) as error:
        raise wire.lost(server.host) from error
    finally:
        smtp.end()


class _Session(smtplib.SMTP):
    def __init__(self, server: Server) -> None:
        # A name of our own: to look it up takes long where DNS is not set up for it.
        super().__init__(local_hostname=urlsplit(settings.BASE_URL).hostname, timeout=_ANSWER_S)
        self.server = server
        self._host = server.host

    def begin(self) -> None:
        server = self.server
        code, answer = self.connect(server.host, server.port)
        if code != 220:
            raise _error(code, answer)
        self.ehlo()
        if server.security == Security.STARTTLS:
            self._secure()
        self._sign_in()

    def end(self) -> None:
        # Whatever the server says to our good-bye, the mail is sent.
        with suppress(smtplib.SMTPException, OSError, ValueError):
            self.quit()
        self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = wire.connect(host, port, security=self.server.security, trusted=self.server.trusted)
        line.settimeout(timeout)
        return line

    def _secure(self) -> None:
        if not self.has_extn("starttls"):
            raise Refused(
                _("%(host)s does not offer STARTTLS. Choose another kind of encryption.")
                % {"host": self.server.host}
            )
        try:
            self.starttls(context=wire.tls_context())
        except OSError as error:
            raise wire.tls_trouble(error, self.server.host, self.server.port) from error
        self.ehlo()

    def _sign_in(self) -> None:
        server = self.server
        if not server.user:
            return
        try:
            if server.token:
                self.auth("XOAUTH2", self._xoauth2)
            elif (server.user + server.password).isascii():
                self.login(server.user, server.password)
            else:
                self._plain_login()
        except smtplib.SMTPAuthenticationError as error:
            said = error.smtp_error
            answer = said.encode() if isinstance(said, str) else said
            raise _error(error.smtp_code, answer) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(
                _("%(host)s offers no sign-in. Leave the user name empty, or choose another port.")
                % {"host": server.host}
            ) from error

    def _plain_login(self) -> None:
        """`login` knows ASCII only; the mechanism itself takes UTF-8 (RFC 4616)."""
        words = f"\0{self.server.user}\0{self.server.password}".encode()
        code, answer = self.docmd("AUTH", f"PLAIN {b64encode(words).decode()}")
        if code != 235:
            raise _error(code, answer)

    def _xoauth2(self, challenge: bytes | None = None) -> str:
        """Initial response; to the challenge that tells of an error the answer is an empty one."""
        if challenge:
            return ""
        return f"user={self.server.user}\x01auth=Bearer {self.server.token}\x01\x01"


def _fits(smtp: smtplib.SMTP, letter: Letter) -> None:
    if letter.needs_smtputf8 and not smtp.has_extn("smtputf8"):
        raise Refused(
            _(
                "Our mail server cannot write to addresses with letters like ż before the @. "
                "Ask the customer for another address."
            ),
            code="SMTPUTF8",
        )
    most = smtp.esmtp_features.get("size", "").strip()
    if most.isdigit() and 0 < int(most) < len(letter.raw):
        raise Refused(
            _("The mail is too large: our mail server takes %(size)s MB. Send smaller files.")
            % {"size": int(most) // (1024 * 1024)},
            code="5.3.4",
        )


def _refused_copies(smtp: smtplib.SMTP, letter: Letter) -> Iterator[str]:
    """Copies that can never be sent; one that cannot be sent just now stops all of it."""
    for address in letter.copies:
        try:
            _accepted(smtp.rcpt(address), address, is_recipient=True)
        except Refused as refusal:
            yield str(refusal)


def _accepted(answer: tuple[int, bytes], address: str, *, is_recipient: bool = False) -> None:
    code, text = answer
    if code not in (250, 251):
        raise _error(code, text, address=address, is_recipient=is_recipient)


def _send_content(smtp: smtplib.SMTP, raw: bytes) -> None:
    """From the first byte on, a lost line leaves open whether the mail was taken."""
    try:
        if smtp.sock:
            smtp.sock.settimeout(_CONTENT_ANSWER_S)
        smtp.send(re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n")
        code, answer = smtp.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise Uncertain from error
    if code != 250:
        raise _error(code, answer)


def _error(
    code: int, answer: bytes, *, address: str = "", is_recipient: bool = False
) -> Refused | Unavailable:
    """4xx passes, 5xx does not; a refused sign-in stops the channel until an admin acts."""
    said = one_line(answer.decode("utf-8", "replace"))[:300]
    if code in _AUTHENTICATION:
        text = _("The mail server does not accept our user name or password. Sign in again.")
        return Refused(text, code=str(code), needs_reauth=True)
    if code < 500:
        text = _("The mail server asks us to try later: %(reason)s")
        return Unavailable(text % {"reason": f"{code} {said}"}, code=str(code))
    status = re.search(r"\b5\.\d{1,3}\.\d{1,3}\b", said)
    name = status[0] if status else str(code)
    if not address:
        text = _("The mail server refused the message: %(reason)s")
        return Refused(text % {"reason": f"{code} {said}"}, code=name)
    if not is_recipient:
        text = _("The mail server does not let us send as %(address)s: %(reason)s")
        return Refused(text % {"address": address, "reason": f"{code} {said}"}, code=name)
    text = _("The mail server refused the address %(address)s: %(reason)s")
    return Refused(
        text % {"address": address, "reason": f"{code} {said}"},
        code=name,
        unreachable=is_hard(status[0] if status else f"{code // 100}.0.0", said),
    )

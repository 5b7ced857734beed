"""Who is believed about a sender, and what we find out ourselves."""

import base64
import smtplib

import dkim
import pytest
import spf
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from channels_ingest.email import authentication, smtp_listener
from channels_ingest.email.addresses import Address, addresses_of
from channels_ingest.email.headers import parse_fields
from tests.channels_ingest.email.conftest import letter
from tests.factories import make_channel
from tests.servers import free_port
from tickets.models import Message

OURS = "mail.sklep.example.pl"
ANNA = [Address("Anna", "anna@example.com")]


def outcome(*fields: str, senders: list[Address] = ANNA) -> str:
    block = "".join(f"Authentication-Results: {field}\r\n" for field in fields)
    return authentication.outcome(parse_fields(block.encode()), senders, [OURS])


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("dmarc=pass (p=REJECT) header.from=example.com", "pass"),
        ("dmarc=fail (p=NONE) header.from=example.com", "fail"),
        ("dmarc=none; dkim=pass header.d=example.com", "pass"),
        ("dkim=pass header.i=@example.com; dmarc=none", "pass"),
        ("dkim=pass header.d=inny.example.org", "none"),
        ("spf=pass smtp.mailfrom=anna@example.com", "pass"),
        ("spf=pass smtp.mailfrom=zly@zly.example.org", "none"),
        ("dmarc=pass header.from=inny.example.org", "none"),
        ("dmarc=pass; dmarc=fail", "fail"),
        ('spf=fail smtp.mailfrom="x; dmarc=pass header.from=example.com"@zly.example.org', "none"),
        ("dmarc=fail (a comment; dmarc=pass header.from=example.com)", "fail"),
        ("dmarc=fail (never closed", "fail"),
        ("none", "none"),
        ("", "none"),
    ],
)
def test_reads_the_trusted_server(field, wanted):
    assert outcome(f"{OURS} 1; {field}") == wanted


def test_others_are_not_believed():
    forged = "dmarc=pass header.from=example.com"
    assert outcome(f"zly.example.org; {forged}") == "none"
    assert outcome(f"{OURS}; dmarc=fail", f"{OURS}; {forged}") == "fail"
    assert outcome(f"zly.example.org; {forged}", f"{OURS}; dmarc=fail") == "fail"


def test_two_senders_are_never_confirmed():
    two = [*ANNA, Address("", "zly@example.org")]
    assert outcome(f"{OURS}; dmarc=pass header.from=example.com", senders=two) == "none"
    assert outcome(f"{OURS}; dmarc=fail header.from=example.com", senders=two) == "fail"


class TestAsMx:
    """With DNS as a table, because there is none in tests."""

    @pytest.fixture
    def key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @pytest.fixture(autouse=True)
    def dns(self, key, monkeypatch) -> dict[str, bytes]:
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        table = {
            "example.com": b"v=spf1 ip4:192.0.2.10 -all",
            "s1._domainkey.example.com": b"v=DKIM1; p=" + base64.b64encode(public),
            "_dmarc.example.com": b"v=DMARC1; p=reject",
        }

        def records(name: str, _timeout_s: float = 1) -> list[bytes]:
            return [table[name.rstrip(".")]] if name.rstrip(".") in table else []

        def lookup(name: str, qtype: str, *_more: object) -> list[tuple[object, object]]:
            found = records(name) if qtype == "TXT" else []
            return [((name, qtype), (text,)) for text in found]

        monkeypatch.setattr(authentication, "txt_records", records)
        monkeypatch.setattr(spf, "DNSLookup", lookup)
        return table

    def signed(self, raw: bytes, key: rsa.RSAPrivateKey) -> bytes:
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        signature: bytes = dkim.sign(raw, b"s1", b"example.com", pem)
        return signature + raw

    def found(self, raw: bytes, ip: str = "203.0.113.9", mail_from: str = "anna@example.com"):
        line = authentication.check(
            raw, ip=ip, mail_from=mail_from, helo="mx.example.com", authserv_id=OURS
        )
        fields = parse_fields(f"{line}\r\n".encode() + raw)
        return line, authentication.outcome(fields, addresses_of(fields, "From"), [OURS])

    def test_host_of_the_domain(self):
        line, said = self.found(letter(), ip="192.0.2.10")
        assert "spf=pass" in line
        assert "dmarc=pass" in line
        assert said == "pass"

    def test_signature_of_the_domain(self, key):
        line, said = self.found(self.signed(letter(), key))
        assert "dkim=pass header.d=example.com" in line
        assert said == "pass"

    def test_signature_over_something_else(self, key):
        line, said = self.found(self.signed(letter(), key).replace(b"Dzie", b"Zlo"))
        assert "dkim=fail" in line
        assert said == "fail"

    def test_forged_sender(self):
        line, said = self.found(letter(), mail_from="zly@zly.example.org")
        assert "dmarc=fail" in line
        assert said == "fail"

    def test_domain_without_any_policy(self):
        _line, said = self.found(letter(sender="a@bez.example.org"), mail_from="a@bez.example.org")
        assert said == "none"

    @pytest.mark.parametrize("nasty", ["a b;dmarc=pass@x", 'x"\r\nBcc: y@example.com', "(", ""])
    def test_envelope_sender_cannot_write_results(self, nasty):
        line, said = self.found(letter(), mail_from=nasty)
        assert said == "fail"
        assert "Bcc" not in line

    @pytest.mark.parametrize(
        "raw", [b"", b"\r\n", b"DKIM-Signature: x\r\n\r\n", b"From: \xff\r\n\r\n"]
    )
    def test_rubbish(self, raw):
        line, _said = self.found(raw)
        assert line.startswith("Authentication-Results: ")

    @pytest.mark.django_db(transaction=True)
    def test_mail_from_the_internet_is_checked_and_marked(self):
        make_channel(settings={"address": "pomoc@sklep.example.pl"})
        port, forged = free_port(), b"Authentication-Results: localhost; dmarc=pass\r\n"
        with (
            smtp_listener.serving(f"mx://127.0.0.1:{port}"),
            smtplib.SMTP("127.0.0.1", port) as session,
        ):
            session.sendmail("a@zly.example.org", "pomoc@sklep.example.pl", forged + letter())

        assert Message.objects.get().authentication == "fail"

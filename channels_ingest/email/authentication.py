"""Is the sender who they say? Read from a server that we trust, or checked by ourselves as MX.

Anybody can write `Authentication-Results` into a mail. Only the topmost field of a server that the
channel names counts (RFC 8601, 5); the own check is written on top in the same form.
"""

import logging
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import dkim
import dns.resolver
import spf
from authheaders import dmarc_per_from
from authheaders.dmarc_lookup import DMARCException
from authres import DKIMAuthenticationResult, SPFAuthenticationResult
from dns.exception import DNSException

from channels_ingest.email.addresses import Address, addresses_of, ascii_domain
from channels_ingest.email.headers import Fields
from channels_ingest.email.tree import cut

logger = logging.getLogger(__name__)

FIELD = "Authentication-Results"

# Mails with more signatures than this come from nobody we know.
_MOST_SIGNATURES = 5
_DNS_S = 5


# What a trusted server found


def outcome(fields: Fields, senders: list[Address], trusted: Collection[str]) -> str:
    """Say "pass", "fail" or "none" of the address in From.

    DMARC decides where the server tells it; else a DKIM signature or an SPF pass of the From
    domain or of the one above it. Several addresses in From are never confirmed.
    """
    results = _trusted(fields, {name.lower() for name in trusted})
    if not senders or results is None:
        return "none"
    domain = senders[0].domain
    dmarc = [each.result for each in results if each.method == "dmarc"]
    if "fail" in dmarc:
        return "fail"
    if len(senders) > 1:
        return "none"
    return "pass" if any(each.confirms(domain) for each in results) else "none"


@dataclass(frozen=True)
class _Result:
    """One method's result, with what it speaks of: {"header.from": "example.com"}."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)

    def confirms(self, domain: str) -> bool:
        if self.result != "pass":
            return False
        match self.method:
            case "dmarc":
                return self._domain("header.from", domain) == domain
            case "dkim":
                signer = self._domain("header.d") or self._domain("header.i")
                return _covers(signer, domain)
            case "spf":
                return _covers(self._domain("smtp.mailfrom"), domain)
            case _:
                return False

    def _domain(self, name: str, default: str = "") -> str:
        return ascii_domain(self.properties.get(name, default).rpartition("@")[2])


def _covers(signer: str, domain: str) -> bool:
    return bool(signer) and (domain == signer or domain.endswith(f".{signer}"))


def _trusted(fields: Fields, names: Collection[str]) -> list[_Result] | None:
    """The results of the topmost field that a trusted server wrote; None if there is none."""
    for value in fields.texts(FIELD):
        server, results = _read(value)
        if server in names:
            return results
    return None


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_PROPERTY = re.compile(r"([a-z]+\.[a-z0-9-]+)\s*=\s*(\S+)")
_METHOD = re.compile(r"\s*([a-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)")


def _read(value: str) -> tuple[str, list[_Result]]:
    """The server and its results.

    What is quoted or in brackets may come from the sender and is taken out first: nothing in it
    may read as a result, or spoil the reading of the rest.
    """
    plain = _without_comments(_QUOTED.sub("", value[:20_000])).lower()
    server, _semicolon, rest = plain.partition(";")
    results = []
    for piece in rest.split(";"):
        if found := _METHOD.match(piece):
            properties = dict(_PROPERTY.findall(piece[found.end() :]))
            results.append(_Result(found[1], found[2], properties))
    words = server.split()
    return (words[0] if words else ""), results


def _without_comments(text: str) -> str:
    kept, depth = [], 0
    for character in text:
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            kept.append(character)
    return "".join(kept)


# What we find out ourselves


def check(raw: bytes, *, ip: str, mail_from: str, helo: str, authserv_id: str) -> str:
    """The field with the results of SPF, DKIM and DMARC for a mail that this host brought."""
    senders = addresses_of(cut(raw).fields, "From")
    spf_result = _spf(ip, mail_from, helo)
    signatures = list(_signatures(raw))
    results = [f"spf={spf_result} smtp.mailfrom={_safe(mail_from or helo)}"]
    results += [f"dkim={result} header.d={_safe(domain)}" for result, domain in signatures]
    for sender in senders[:2]:
        dmarc = _dmarc(sender.domain, mail_from or f"postmaster@{helo}", spf_result, signatures)
        results.append(f"dmarc={dmarc} header.from={_safe(sender.domain)}")
    return f"{FIELD}: {authserv_id};\r\n " + ";\r\n ".join(results)


def _spf(ip: str, mail_from: str, helo: str) -> str:
    try:
        result, _explanation = spf.check2(ip, mail_from, helo, timeout=_DNS_S)
    except Exception:
        # The library reads records that anybody can write.
        logger.warning("SPF could not be checked", exc_info=True)
        return "temperror"
    return str(result or "none")


def _signatures(raw: bytes) -> Iterator[tuple[str, str]]:
    """Result and signing domain of each DKIM signature."""
    try:
        mail = dkim.DKIM(raw, timeout=_DNS_S)
        count = sum(name.lower() == b"dkim-signature" for name, _value in mail.headers)
    except dkim.DKIMException:
        return
    for number in range(min(count, _MOST_SIGNATURES)):
        result = "fail"
        try:
            if mail.verify(idx=number, dnsfunc=_key):
                result = "pass"
        except (DNSException, dkim.DnsTimeoutError):
            result = "temperror"
        except Exception as error:
            # As above: keys and signatures of anybody's making.
            logger.info("a signature was not verified: %s", type(error).__name__)
        domain = mail.signature_fields.get(b"d", b"")
        yield result, domain.decode("ascii", "replace").lower()


def _dmarc(domain: str, mail_from: str, spf_result: str, signatures: list[tuple[str, str]]) -> str:
    """The best that DMARC says with any of the signatures; "none" where there is no policy."""
    found = set()
    for result, signer in signatures or [("none", "")]:
        try:
            answer = dmarc_per_from(
                domain,
                spf_result=SPFAuthenticationResult(result=spf_result, smtp_mailfrom=mail_from),
                dkim_result=DKIMAuthenticationResult(result=result, header_d=signer),
                dnsfunc=_policy,
            )
        except DMARCException:
            return "permerror"
        except (DNSException, ValueError):
            return "temperror"
        found.add(str(answer[0]))
    return next(each for each in ("pass", "fail", "none", *found) if each in found)


def txt_records(name: str, timeout_s: float = _DNS_S) -> list[bytes]:
    """The TXT records of a name, each with its strings joined. Raises `DNSException`."""
    try:
        answer = dns.resolver.resolve(name.rstrip("."), "TXT", lifetime=timeout_s)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.NoNameservers):
        return []
    return [b"".join(row.strings) for row in answer]


def _key(name: bytes, timeout: int = _DNS_S) -> bytes | None:
    """A DKIM key, in the form in which its library asks for it."""
    return next(iter(txt_records(name.decode("utf-8", "replace"), timeout)), None)


def _policy(name: str) -> str | None:
    """A DMARC policy; other records may stand beside it, and two of them count as none."""
    found = [text for text in txt_records(name) if text.startswith(b"v=DMARC1")]
    return found[0].decode("utf-8", "replace") if len(found) == 1 else None


def _safe(text: str) -> str:
    """One word that cannot read as anything else."""
    return re.sub(r"[^\w.@+=-]", "", text.lower(), flags=re.ASCII)[:320] or "unknown"

"""Content-Transfer-Encoding undone, also where the encoder or the way here spoilt it."""

import binascii
import io
import re

_CLEAN_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]*={0,2}\s*")
_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_BAD_QP = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} .*$", re.MULTILINE)


def decode(body: bytes | memoryview, encoding: str) -> tuple[bytes, bool]:
    """The content, and whether it was whole. A view is not copied where that is not needed."""
    match encoding.strip().strip("\"'").lower():
        case "base64":
            return _base64(body)
        case "quoted-printable":
            return binascii.a2b_qp(body), not _BAD_QP.search(body)
        case "uuencode" | "x-uuencode" | "uue" | "x-uue":
            return _uuencode(bytes(body))
        case _:
            return bytes(body), True


def _base64(body: bytes | memoryview) -> tuple[bytes, bool]:
    whole = _CLEAN_BASE64.fullmatch(body) is not None
    try:
        if whole:
            return binascii.a2b_base64(body), True
    except binascii.Error:
        whole = False
    # Rubbish between the characters, a tail cut off, or several encoded pieces one after another.
    clean = bytes(body).translate(None, _NOT_BASE64)
    return b"".join(_base64_piece(piece) for piece in re.split(rb"=+", clean)), whole


def _base64_piece(piece: bytes) -> bytes:
    if len(piece) % 4 == 1:  # a lone character holds no byte
        piece = piece[:-1]
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))


def _uuencode(body: bytes) -> tuple[bytes, bool]:
    begin = _UU_BEGIN.search(body)
    if not begin:
        return body, False
    content, whole = bytearray(), True
    for line in io.BytesIO(body[begin.end() :].lstrip(b"\r\n")):
        # Short lines are filled up with zeros: they must not make much out of little.
        if line.strip() == b"end" or len(content) > len(body):
            return bytes(content), whole
        try:
            content += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders count the bytes of the last line wrongly: take as many as there are.
            try:
                content += binascii.a2b_uu(line[: 1 + (((line[0] - 32) & 63) * 4 + 5) // 3])
            except binascii.Error:
                whole = False
    return bytes(content), False

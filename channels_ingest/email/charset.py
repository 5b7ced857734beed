"""Bytes to text: the charset that a mail names, and what to do when it names the wrong one.

Polish mail comes as UTF-8, ISO-8859-2 or windows-1250, and a good part of it says something else.
The rules are those of a reader who knows that: a strict decoder must accept the bytes, and a
charset whose control characters turn up in the middle of words was not the one meant.
"""

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

POLISH = "cp1250"

# Names that the mail world uses and Python does not know, or knows as a smaller set than is meant:
# what calls itself GB2312 or KS_C_5601 is nearly always its superset.
ALIASES = {
    "ascii": "ascii",
    "us-ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "cp-1250": "cp1250",
    "win-1250": "cp1250",
    "win1250": "cp1250",
    "x-cp1250": "cp1250",
    "cp-1252": "cp1252",
    "ansi": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "gb2312": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "x-euc-jp": "euc_jp",
    "big5": "big5hkscs",
    "x-mac-ce": "mac_latin2",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "cp-852": "cp852",
}
# Names that say nothing about the bytes.
UNKNOWN = {
    "",
    "unknown",
    "unknown-8bit",
    "x-unknown",
    "x-user-defined",
    "default",
    "none",
    "binary",
}
LATIN1 = {"iso8859-1", "cp1252", "ascii", "iso8859-15"}

# Slow on long input (idna, punycode), or Python's own escapes.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}

_C1 = re.compile(rb"[\x80-\x9f]")
# ł, ą, ż, ś, ź of the Polish charsets, read as Latin-1, are signs that never stand inside a word.
_POLISH_AS_LATIN1 = re.compile(rb"[A-Za-z][\xb3\xb9\xbf\xb6\xbc][a-z]")
_ISO_POLISH = re.compile(rb"[\xb1\xb6\xbc\xa1\xa6\xac]")
# Runs of half-width signs are what EUC-JP looks like when it is read as Shift-JIS.
_HALF_WIDTH = re.compile(r"[\uff61-\uff9f]{8}|[\ue000-\uf8ff]")
_UTF8_SIGN = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_META = re.compile(
    rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]{2,40})", re.IGNORECASE
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and whether the bytes bore out what the mail said of them."""

    text: str
    certain: bool = True


@lru_cache(maxsize=512)
def codec_for(name: str) -> str | None:
    """Python's name of a charset; None for one that is unknown or is no charset of text."""
    name = name.strip().strip("\"'").lower()
    if name in UNKNOWN or len(name) > 40:
        return None
    codec = _lookup(name) or _lookup(_usual_form(name))
    return None if codec and codec.replace("-", "_") in _NO_CHARSETS else codec


def _lookup(name: str) -> str | None:
    try:
        info = codecs.lookup(ALIASES.get(name, name))
        # Fails for base64, zip and their like, which are codecs of Python and no charsets.
        "".encode(info.name)
    except (LookupError, ValueError):
        return None
    return info.name


def _usual_form(name: str) -> str:
    """For `iso_8859-2:1987`, `windows_1250` and other near misses."""
    bare = re.sub(r"[^a-z0-9]+", "-", name.split(":", maxsplit=1)[0]).strip("-")
    bare = re.sub(r"^(?:x-)?(?:win|windows)-?(?=\d)", "cp", bare)
    return re.sub(r"^(iso)-?(8859)-?(\d+).*$", r"\1-\2-\3", bare)


def decode(data: bytes, declared: str = "", hint: str = "") -> Decoded:
    """The text of `data`, by the charset `declared`, else by what the bytes look like.

    `hint` is a charset that the surroundings name (a page's meta element, the mail's body): it
    counts where nothing is declared and the bytes are not UTF-8.
    """
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _lenient(data, codec)
    codec_name = codec_for(declared)
    if codec_name is None or codec_name == "ascii":
        return _undeclared(data, hint, certain=codec_name is not None or not declared)
    if codec_name in LATIN1 and (other := _not_latin1(data)):
        return other
    if codec_name == "iso8859-1":
        codec_name = "cp1252"
    if codec_name == "iso8859-2" and _C1.search(data):
        codec_name = POLISH
    if codec_name.startswith("iso2022_jp") and not data.isascii():
        return _japanese(data)
    return _lenient(data, codec_name)


def charset_of_page(html: bytes) -> str:
    """The charset that a page's own meta element names, if it does."""
    found = _META.search(html[:4096])
    return found[1].decode("ascii") if found else ""


def _japanese(data: bytes) -> Decoded:
    """What calls itself ISO-2022-JP, seven bits by definition, and has eight."""
    for codec in ("utf-8", "cp932", "euc_jp"):
        if (text := _strict(data, codec)) is not None and not _HALF_WIDTH.search(text):
            return Decoded(text, certain=False)
    return _lenient(data, "cp932")


def _not_latin1(data: bytes) -> Decoded | None:
    """Text that calls itself Latin-1, as some programs do with anything, and is something else."""
    if data.isascii():
        return Decoded(data.decode("ascii"))
    text = _strict(data, "utf-8")
    if text is not None:
        return Decoded(text, certain=False)
    if _POLISH_AS_LATIN1.search(data):
        polish = "iso8859-2" if _ISO_POLISH.search(data) and not _C1.search(data) else POLISH
        return Decoded(data.decode(polish, "replace"), certain=False)
    return None


def _undeclared(data: bytes, hint: str, *, certain: bool) -> Decoded:
    text = _strict(data, "utf-8")
    if text is not None:
        return Decoded(text, certain)
    hinted = codec_for(hint)
    if hinted and hinted.startswith("iso2022_jp"):
        hinted = "cp932"
    if hinted and (text := _strict(data, hinted)) is not None:
        return Decoded(text, certain)
    signs = sum(map(len, _UTF8_SIGN.findall(data)))
    if signs > 8 and signs > 0.9 * sum(map(len, re.findall(rb"[\x80-\xff]+", data))):
        return Decoded(data.decode("utf-8", "replace"), certain=False)  # cut, or with a stray byte
    text = _strict(data, POLISH)
    return Decoded(text if text is not None else data.decode(POLISH, "replace"), certain=False)


def _lenient(data: bytes, codec: str) -> Decoded:
    """Strictly, else whichever of the charset and windows-1250 spoils less."""
    if (text := _strict(data, codec)) is not None:
        return Decoded(text)
    text = data.decode(codec, "replace")
    spoilt = text.count("\ufffd")
    # A cut or a stray byte here and there; many of them mean that it is another charset.
    beyond_ascii = sum(map(len, re.findall(rb"[\x80-\xff]+", data)))
    if spoilt <= max(1, beyond_ascii // 4) or codec.startswith(("utf-16", "utf-32")):
        return Decoded(text, certain=False)
    return _undeclared(data, "", certain=False)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None

"""Customers' HTML made harmless, and read as text.

Sanitised when it is written (and again by `manage.py resanitize` after an upgrade): an allow-list
of tags, attributes and style properties over a real HTML5 parser. What would be fetched from
elsewhere is set aside in `data-remote-src` and counted; nothing in the result loads by itself.
"""

import html as entities
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import nh3

from tickets.html_text import text_of
from tickets.html_tokens import RAW, escape_hidden, hide_references, show_hidden, tame

__all__ = ["Sanitized", "sanitize", "sanitize_mail", "show_remote_images", "text_of"]

# What is read of one body; the whole stays in the raw message.
MAX_LENGTH = 5 * 1024 * 1024


def _words(text: str) -> set[str]:
    return set(text.split())


TAGS = _words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup"
    " dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i"
    " img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong"
    " sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
# With their content: it is no text of the mail.
DROPPED = set(RAW - TAGS) | {"textarea", "select"}
ATTRIBUTES = {
    "*": {"style", "dir", "lang", "align", "valign", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "table": {"width", "height", "border", "cellpadding", "cellspacing", "bgcolor"},
    "tr": {"bgcolor", "height"},
    "td": {"width", "height", "bgcolor", "colspan", "rowspan", "nowrap"},
    "th": {"width", "height", "bgcolor", "colspan", "rowspan", "nowrap", "scope"},
    "col": {"width", "span"},
    "colgroup": {"width", "span"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value"},
    "hr": {"width", "size", "color", "noshade"},
    "blockquote": {"type"},
    "time": {"datetime"},
}
STYLES = _words(
    "color background-color background font font-family font-size font-style font-weight"
    " font-variant line-height letter-spacing text-align text-decoration text-indent text-transform"
    " vertical-align white-space word-break overflow-wrap direction width max-width min-width"
    " height border border-top border-right border-bottom border-left border-color border-style"
    " border-width border-collapse border-spacing border-radius padding padding-top padding-right"
    " padding-bottom padding-left margin margin-top margin-right margin-bottom margin-left"
    " list-style-type table-layout"
)
MAX_STYLE = 4000
_ATTRIBUTE_NAMES = frozenset().union(*ATTRIBUTES.values())

_STYLE_VALUE = re.compile(r"[\w#%.,\s()+'\"!/-]*")
_FUNCTION = re.compile(r"([\w-]+)\s*\(")
_HARMLESS_FUNCTIONS = {"rgb", "rgba", "hsl", "hsla"}
_NEGATIVE_OR_HUGE = re.compile(r"(?:^|\s)-|\d{5}")
_LINK = re.compile(r"\s*(?:https?://|mailto:|tel:)", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp)\s*;\s*base64\s*,", re.IGNORECASE)
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
# The sanitiser writes every tag in this one form.
_TAG = re.compile(r'<(/?)([a-z0-9]+)((?: [^\s=">]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([^\s=">]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Sanitized:
    """Harmless HTML, the number of images that wait for the reader's word, and parts not found."""

    html: str
    remote_images: int = 0
    missing_cids: tuple[str, ...] = ()


def sanitize(html: str) -> str:
    """The HTML with nothing left that runs, loads or reaches out of its frame."""
    return sanitize_mail(html).html


def sanitize_mail(html: str, cid_urls: Mapping[str, str] | None = None) -> Sanitized:
    """As `sanitize`; images of the mail itself (`cid:`) get the address of their attachment.

    `cid_urls`: Content-ID or Content-Location, without `<>`, to the attachment's own URL.
    """
    cleaned = _Cleaning(cid_urls or {})
    return cleaned.run(html[:MAX_LENGTH])


def show_remote_images(html: str, url_for: Callable[[str], str]) -> str:
    """Sanitised HTML with the images set aside put back, by way of the address `url_for` gives."""

    def put_back(tag: re.Match[str]) -> str:
        if tag[2] != "img" or "data-remote-src" not in tag[3]:
            return tag[0]
        attributes = {name: entities.unescape(value) for name, value in _ATTRIBUTE.findall(tag[3])}
        attributes["src"] = url_for(attributes.pop("data-remote-src"))
        return _img(attributes)

    return _TAG.sub(put_back, html)


class _Cleaning:
    """One run over one body."""

    def __init__(self, cid_urls: Mapping[str, str]) -> None:
        self.cid_urls = {key.strip("<> ").lower(): url for key, url in cid_urls.items()}
        self.remote_images = 0
        self.missing: dict[str, None] = {}

    def run(self, html: str) -> Sanitized:
        cleaned = nh3.clean(
            tame(hide_references(html), TAGS, _ATTRIBUTE_NAMES),
            tags=TAGS,
            clean_content_tags=DROPPED,
            attributes=ATTRIBUTES,
            attribute_filter=_keep_attribute,
            url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
            set_tag_attribute_values={"a": {"target": "_blank"}},
            link_rel="noopener noreferrer nofollow",
        )
        cleaned = escape_hidden(cleaned)
        if "<img" in cleaned:
            cleaned = _TAG.sub(self._settle_image, cleaned)
        return Sanitized(cleaned, self.remote_images, tuple(self.missing))

    def _settle_image(self, tag: re.Match[str]) -> str:
        if tag[2] != "img":
            return tag[0]
        attributes = {name: entities.unescape(value) for name, value in _ATTRIBUTE.findall(tag[3])}
        source = attributes.pop("src", "").strip()
        if source.lower().startswith("cid:"):
            cid = source[4:].strip("<> ")
            if url := self.cid_urls.get(cid.lower()):
                attributes["src"] = url
            else:
                self.missing[cid] = None
                attributes["data-cid"] = cid
        elif _DATA_IMAGE.match(source):
            attributes["src"] = source
        elif _REMOTE.match(source):
            if url := self.cid_urls.get(source.lower()):  # by Content-Location
                attributes["src"] = url
            elif _is_beacon(attributes):
                return ""
            else:
                self.remote_images += 1
                attributes["data-remote-src"] = source
        elif url := self.cid_urls.get(source.lower()):
            attributes["src"] = url
        return _img(attributes)


def _img(attributes: Mapping[str, str]) -> str:
    written = "".join(f' {name}="{entities.escape(value)}"' for name, value in attributes.items())
    return f"<img{written}>"


def _is_beacon(attributes: Mapping[str, str]) -> bool:
    """An image too small to see is there to be counted, not to be looked at."""
    sizes = [attributes.get(side, "").strip().removesuffix("px") for side in ("width", "height")]
    return any(size in {"0", "1"} for size in sizes) or bool(
        re.search(
            r"(?:^|;)(?:max-)?(?:width|height):\s*[01](?:px)?\s*(?:;|$)",
            attributes.get("style", ""),
        )
    )


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    value = show_hidden(value)
    if name == "style":
        # A longer one is no style of a mail, and has no place in the cache either.
        return (safe_style(value) or None) if len(value) <= MAX_STYLE else None
    if name == "href":
        return value.strip() if _LINK.match(value) else None
    if name == "src":
        return value
    return value if len(value) <= 1000 else None


@lru_cache(maxsize=2048)
def safe_style(style: str) -> str:
    """The declarations that only colour, weigh, align and size; no address, no position."""
    if "/*" in style or "\\" in style:
        return ""
    kept = []
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), " ".join(value.split())
        if name in STYLES and value and _is_safe_value(name, value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _is_safe_value(name: str, value: str) -> bool:
    if not _STYLE_VALUE.fullmatch(value):
        return False
    if any(function.lower() not in _HARMLESS_FUNCTIONS for function in _FUNCTION.findall(value)):
        return False
    return not (
        name.startswith(("margin", "text-indent", "letter-spacing"))
        and _NEGATIVE_OR_HUGE.search(value)
    )

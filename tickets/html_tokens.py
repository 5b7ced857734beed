"""HTML cut into tags and text, in linear time whatever it is.

Not a parser: it knows no tree. It serves where only words matter (`html_text`), and to bound what
the real parser is given (`flatten`): that one takes quadratic time on deep nesting, and turns a few
unclosed formatting tags before many paragraphs into millions of elements.
"""

import html as entities
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

# Their content is no text of the page; it ends only at their own end tag.
RAW = frozenset(
    {"script", "style", "title", "noscript", "template", "iframe", "object", "xmp", "svg", "math"}
    | {"noframes", "noembed", "plaintext", "head", "applet", "audio", "video", "canvas"}
)
VOID = frozenset(
    {"br", "hr", "img", "wbr", "col", "area", "input", "meta", "link", "base", "embed"}
)
FORMATTING = frozenset(
    {"b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u", "nobr"}
)

MAX_DEPTH = 100
MAX_FORMATTING_DEPTH = 8
# Below these the real parser stays within a fraction of a second, whatever it is given.
SMALL_TAGS = 5000
SMALL_FORMATTING = 1_000_000
SMALL_ATTRIBUTES = 30_000
# What is read of a large page that is not written in order.
MAX_WILD = 1024 * 1024

# What the parser closes by itself when one of these opens. It is closed here already, because
# formatting inside what it closes so lives on in all that follows.
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt"}
    | {"figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li"}
    | {"main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"}
)
_ENDS = {
    **{name: ({"p"}, {"td", "th", "table"}) for name in _BLOCKS},
    "li": ({"li"}, {"ul", "ol", "table"}),
    "dd": ({"dd", "dt"}, {"dl", "table"}),
    "dt": ({"dd", "dt"}, {"dl", "table"}),
    "a": ({"a"}, {"td", "th", "table"}),
}
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "colgroup"})

_TAG = re.compile(
    r"""<(/?)([a-zA-Z][a-zA-Z0-9:_-]{0,40})((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>"""
    r"""|<(/?)([a-zA-Z][a-zA-Z0-9:_-]{0,40})([^<>]*+)>"""
)
_ATTRIBUTE = re.compile(
    r"""([a-zA-Z][a-zA-Z0-9:_-]{0,40})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+))"""
)
_COMMENT = re.compile(r"<!--(?!-?>)(?:[^-]++|-(?!-!?>))*+-->")
# HTML about whose tags there can be no two opinions. Values hold no `<`, so that every one in the
# page begins a tag.
_STRICT = re.compile(
    r"""(?:[^<]++
      | <!(?!--)[^<>]*+>
      | <(?i:style|script|title)\b[^<>]*+>[^<]*+</(?i:style|script|title)>
      | </[a-zA-Z][^\s/<>]*+>
      | <(?!(?i:style|script|title|textarea|select|xmp|plaintext|iframe|noscript|noembed|noframes
              |svg|math|template|object|frameset)\b)
        [a-zA-Z][^\s/<>"'=]*+
        (?:\s++[a-zA-Z][\w:.-]*+(?:=(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>=`]++))?)*+\s*+/?>
    )*+""",
    re.VERBOSE,
)
_NAMES = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*+)")
# Their end tags may be left out, and mean nothing.
_PAGE = frozenset({"html", "head", "body", "style", "script", "title"})
_START = re.compile(r"<([a-zA-Z][a-zA-Z0-9]{0,20})")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag; its attributes as they stand in the source."""

    name: str
    closing: bool
    source: str

    def attributes(self) -> dict[str, str]:
        """By lower-case name, character references left as they are; the first of a name counts."""
        found: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(self.source):
            found.setdefault(name.lower(), double or single or bare)
        return found


def tokens(html: str) -> Iterator[str | Tag]:
    """Text (character references left in) and tags; comments and what is no text are left out."""
    at, last = 0, html.rfind(">")
    while 0 <= (start := html.find("<", at)) < last:
        if start > at:
            yield html[at:start]
        following = html[start + 1 : start + 4]
        if following == "!--":
            end = html.find("-->", start + 2)
            if end < 0:
                return
            at = end + 3
        elif following[:1] in ("!", "?") or (following[:1] == "/" and not following[1:2].isalpha()):
            end = html.find(">", start)
            at = end + 1 if end >= 0 else len(html)
        elif tag := _TAG.match(html, start):
            name = (tag[2] or tag[5]).lower()
            closing = bool(tag[1] or tag[4])
            at = tag.end()
            if name in RAW and not closing:
                at = _after_raw(html, name, at)
            else:
                yield Tag(name, closing, tag[3] or tag[6] or "")
        else:
            yield "<"
            at = start + 1
    if at < len(html):
        yield html[at:]


def _after_raw(html: str, name: str, at: int) -> int:
    """Behind the end tag of `name`; where there is none, the start tag alone is skipped."""
    for spelling in (f"</{name}", f"</{name.upper()}", f"</{name.capitalize()}"):
        end = html.find(spelling, at)
        if end >= 0:
            close = html.find(">", end)
            return close + 1 if close >= 0 else len(html)
    return at if name in ("head", "object", "svg", "math", "noscript", "template") else len(html)


def tame(html: str, tags: Collection[str], attributes: Collection[str]) -> str:
    """The page in a form that the real parser takes in linear time: as it is, if it may be."""
    if _is_small(html):
        return html
    html = _COMMENT.sub("", html)
    if _STRICT.fullmatch(html) and _is_well_nested(html):
        return html
    return flatten(html[:MAX_WILD], tags, attributes)


def _is_small(html: str) -> bool:
    """Whether it has too few tags to cost anything, whatever their order."""
    if html.count("=") > SMALL_ATTRIBUTES:
        return False
    names = Counter(name.lower() for name in _START.findall(html))
    total = sum(count for name, count in names.items() if name not in VOID)
    formatting = sum(names[name] for name in FORMATTING)
    return total <= SMALL_TAGS and formatting * total <= SMALL_FORMATTING


def _is_well_nested(html: str) -> bool:
    """Of strictly written HTML: whether each tag is closed in its place, at ordinary depth."""
    stack: list[str] = []
    formatting = paragraphs = 0
    for closing, spelling in _NAMES.findall(html):
        name = spelling.lower()
        if name in VOID or name in _PAGE:
            continue
        if closing:
            if not stack or stack.pop() != name:
                return False
            formatting -= name in FORMATTING
            paragraphs -= name == "p"
            continue
        if paragraphs and name in _BLOCKS:
            return False
        stack.append(name)
        formatting += name in FORMATTING
        paragraphs += name == "p"
        if len(stack) > MAX_DEPTH or formatting > MAX_FORMATTING_DEPTH:
            return False
    return not stack


def flatten(html: str, tags: Collection[str], attributes: Collection[str]) -> str:
    """The same page with every tag closed in its place, and nesting bounded.

    Only the given tags and attributes are written, each in plain form, so that the real parser
    finds exactly this structure.
    """
    writer = _Flat()
    for token in tokens(html):
        if isinstance(token, str):
            writer.out.append(token.replace("<", "&lt;"))
        elif token.name not in tags:
            continue
        elif token.closing:
            writer.close(token.name)
        else:
            writer.open(token, attributes)
    writer.close_all()
    return "".join(writer.out)


@dataclass(slots=True)
class _Flat:
    out: list[str] = field(default_factory=list)
    stack: list[str] = field(default_factory=list)
    opened: Counter[str] = field(default_factory=Counter)
    formatting: int = 0

    def open(self, tag: Tag, attributes: Collection[str]) -> None:
        if tag.name in _ENDS:
            self._end_open(*_ENDS[tag.name])
        if tag.name not in VOID:
            is_formatting = tag.name in FORMATTING
            if len(self.stack) >= MAX_DEPTH:
                return
            if is_formatting and not self._may_format():
                return
            self.stack.append(tag.name)
            self.opened[tag.name] += 1
            self.formatting += is_formatting
        if not tag.source:
            self.out.append(f"<{tag.name}>")
            return
        written = "".join(
            f' {name}="{value.replace(chr(34), "&quot;")}"'
            for name, value in tag.attributes().items()
            if name in attributes
        )
        self.out.append(f"<{tag.name}{written}>")

    def _end_open(self, names: set[str], within: set[str]) -> None:
        """Close the innermost of `names`, unless one of `within` stands between."""
        if any(self.opened[name] for name in names):
            for name in reversed(self.stack):
                if name in within:
                    return
                if name in names:
                    self.close(name)
                    return

    def _may_format(self) -> bool:
        in_table = bool(self.stack) and self.stack[-1] in _TABLE_PARTS
        return not in_table and self.formatting < MAX_FORMATTING_DEPTH

    def close(self, name: str) -> None:
        if not self.opened[name]:
            return
        while self.stack:
            last = self._pop()
            if last == name:
                return

    def close_all(self) -> None:
        while self.stack:
            self._pop()

    def _pop(self) -> str:
        last = self.stack.pop()
        self.opened[last] -= 1
        self.formatting -= last in FORMATTING
        self.out.append(f"</{last}>")
        return last


# ---------------------------------------------------------------- character references

# The real parser copies a whole text for each reference in it, so it is given none: the five
# characters that have to stay escaped travel as private ones.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[a-zA-Z][a-zA-Z0-9]{1,31};?)?")
_HIDDEN = {"&": "\ue001", "<": "\ue002", ">": "\ue003", '"': "\ue004", "'": "\ue005"}
_HIDE = str.maketrans(_HIDDEN)
_SHOW = str.maketrans({hidden: plain for plain, hidden in _HIDDEN.items()})
_ESCAPE = str.maketrans({hidden: entities.escape(plain) for plain, hidden in _HIDDEN.items()})
_NO_PRIVATE = str.maketrans(dict.fromkeys(_HIDDEN.values(), ""))


def hide_references(html: str) -> str:
    """HTML without character references; what they stand for is there, markup characters hidden."""
    html = html.translate(_NO_PRIVATE) if not html.isascii() else html
    if "&" not in html:
        return html
    known: dict[str, str] = {}

    def replace(found: re.Match[str]) -> str:
        reference = found[0]
        if (plain := known.get(reference)) is None:
            plain = known[reference] = entities.unescape(reference).translate(_HIDE)
        return plain

    return _REFERENCE.sub(replace, html)


def show_hidden(text: str) -> str:
    """Plain text, the hidden characters as themselves."""
    return text if text.isascii() else text.translate(_SHOW)


def escape_hidden(html: str) -> str:
    """HTML, the hidden characters as references."""
    return html if html.isascii() else html.translate(_ESCAPE)

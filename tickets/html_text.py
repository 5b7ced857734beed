"""The words of an HTML body, as a reader sees them."""

import html as entities
import re

from tickets.html_tokens import Tag, tokens

MAX_LENGTH = 1024 * 1024

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl"}
    | {"dt", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tr",
        "ul",
    }
)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "blockquote"}
)
_RULE = "_" * 32
_WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
MAX_QUOTE_DEPTH = 20


def text_of(html: str) -> str:
    """Line by line; lines of quoted blocks begin with `> `, as in plain mail."""
    writer = _TextWriter()
    for token in tokens(html[:MAX_LENGTH]):
        if isinstance(token, Tag):
            writer.tag(token.name, closing=token.closing)
        else:
            writer.write(token)
    return writer.result()


class _TextWriter:
    """Lines out of text and tags, with the depth of quoting before each."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.depth = 0
        self.preformatted = 0

    def write(self, text: str) -> None:
        if self.preformatted:
            *whole, rest = entities.unescape(text).split("\n")
            for line in whole:
                self.line.append(line)
                self._end_line(force=True)
            self.line.append(rest)
            return
        # References stand for characters, layout is only what stands in the source as white space.
        words = _WHITE_SPACE.sub(" ", text)
        if words != " " or self.line:
            words = entities.unescape(words) if "&" in words else words
            self.line.append(words if self.line else words.lstrip(" "))

    def tag(self, name: str, *, closing: bool) -> None:
        if name == "br":
            self._end_line(force=True)
        elif name in ("td", "th"):
            if closing and self.line:
                self.line.append(" ")
        elif name in _BLOCKS:
            self._end_line()
            if name == "blockquote" and closing:
                self.depth = max(0, self.depth - 1)
            if name in _PARAGRAPHS:
                self._blank_line()
            if name == "blockquote" and not closing:
                self.depth += 1
            elif name == "pre":
                self.preformatted = max(0, self.preformatted + (-1 if closing else 1))
            elif name == "hr" and not closing:
                self.lines.append(self._prefix() + _RULE)

    def _prefix(self) -> str:
        return ">" * min(self.depth, MAX_QUOTE_DEPTH) + " " if self.depth else ""

    def _end_line(self, *, force: bool = False) -> None:
        text = "".join(self.line).replace("\xa0", " ").rstrip()
        self.line = []
        if text or force:
            self.lines.append((self._prefix() + text).rstrip())

    def _blank_line(self) -> None:
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(self._prefix().rstrip())
        elif self.lines:
            self.lines[-1] = self._prefix().rstrip()

    def result(self) -> str:
        self._end_line()
        return "\n".join(self.lines).strip("\n")

"""What is new in a reply: the customer's own words without quotes, attributions and signatures.

A view only: the whole body is always kept. The rules would rather show too much than lose a word:
they cut at marks that mail programs set, never where an answer stands between the quotes, never in
a forwarded mail, and never so that nothing is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from channels_ingest.email import reply_marks as marks

# What is looked at; beyond it a body is shown as it is.
MAX_LINES = 5000
MAX_LINE = 1000
ATTRIBUTION_LINES = 4
HEADER_LINES = 12
SIGNATURE_LINES = 12


@dataclass(frozen=True, slots=True)
class Fold:
    """A text in two: `shown` is read, `folded` waits behind a click ('' where all is shown)."""

    shown: str
    folded: str


def visible_text(text: str, *, subject: str = "") -> str:
    """The new words of a reply; the text itself where nothing can be cut safely."""
    return fold(text, subject=subject).shown


def fold(text: str, *, subject: str = "") -> Fold:
    """Where to fold a text: behind what the customer wrote now.

    An answer below the quote is shown, too; `folded` then is the whole text.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES:
        return Fold(text, "")
    shown = _Reply(lines, forwarded=marks.FORWARD_SUBJECT.match(subject) is not None).shown()
    start, end = shown
    visible = "\n".join(lines[start:end]).strip("\n").rstrip()
    if start:
        return Fold(visible, text)
    return Fold(visible, "\n".join(lines[end:]).strip("\n"))


class _Reply:
    """One body, by its lines; positions are line numbers, ranges are half-open."""

    def __init__(self, lines: Sequence[str], *, forwarded: bool) -> None:
        self.raw = lines
        self.lines = [
            line[:MAX_LINE].replace("\xa0", " ").replace("\u200e", "").strip() for line in lines
        ]
        self.forwarded = forwarded or any(map(marks.is_forward, self.lines))

        self._older: dict[int, bool] = {}
        self._next_own, self._next_quoted = self._next_lines()

    def _next_lines(self) -> tuple[list[int], list[int]]:
        """For each line, where the next own and the next quoted line is (itself, or one below)."""
        count = len(self.lines)
        own, quoted = [count] * (count + 1), [count] * (count + 1)
        for n in range(count - 1, -1, -1):
            line = self.lines[n]
            own[n] = n if line and not line.startswith(">") else own[n + 1]
            quoted[n] = n if line.startswith(">") else quoted[n + 1]
        return own, quoted

    def shown(self) -> tuple[int, int]:
        """The range of lines to show."""
        everything = (0, len(self.lines))
        if self.forwarded or not any(self.lines):
            return everything
        end = self._end_of_text(len(self.lines))
        cut, is_quote = self._cut(end)
        if not self._has_words(0, cut):
            # Nothing above the quote: the answer is below it, or there is nothing to cut.
            return (self._below(cut, end), end) if is_quote else everything
        return 0, self._end_of_text(cut) if cut < end else end

    def _has_words(self, start: int, end: int) -> bool:
        return any(self.lines[n] for n in range(start, end))

    # ------------------------------------------------------------ quotes

    def _cut(self, end: int) -> tuple[int, bool]:
        """Where the earliest quote begins that nothing new follows; whether it has quote marks."""
        for n in range(end):
            line = self.lines[n]
            if not line:
                continue
            if line.startswith(">"):
                if self._only_quotes(n, end):
                    return self._with_attribution_above(n), True
            elif (
                marks.REPLY_ABOVE.fullmatch(line)
                or marks.is_separator(line)
                or self._header_block(n)
            ):
                return self._with_rule_above(n), False
            elif marks.MOBILE.fullmatch(line) and self._stands_alone(n):
                return n, False
            elif after := self._attribution(n):
                quoted = self._first_quoted(after, end)
                if quoted is None:
                    return n, False
                if self._only_quotes(quoted, end):
                    return n, True
                if not self._has_words(0, n):
                    return n, True
        return end, False

    def _only_quotes(self, start: int, end: int) -> bool:
        """Whether there are only quoted lines from `start` on, up to the next older mail."""
        n = self._next_own[start]
        if n >= end:
            return True
        return n > start and self._older_mail(n)

    def _older_mail(self, n: int) -> bool:
        """Whether an older mail begins here, by a separator or a block of labels."""
        if n not in self._older:
            self._older[n] = marks.is_separator(self.lines[n]) or self._header_block(n)
        return self._older[n]

    def _first_quoted(self, start: int, end: int) -> int | None:
        """The first quoted line of what an attribution introduces."""
        n = self._next_quoted[start]
        return n if n < end else None

    def _below(self, cut: int, end: int) -> int:
        """Where an answer begins that stands below one block of quotes; 0 where there is none."""
        n = self._attribution(cut) or cut
        while n < end and (not self.lines[n] or self.lines[n].startswith(">")):
            n += 1
        if n >= end or self._next_quoted[n] < end:
            return 0
        return n

    def _attribution(self, start: int) -> int:
        """The line after the attribution that begins here; 0 where none does."""
        first = self.lines[start].lstrip("> ")
        named = marks.NAME_AND_ADDRESS.match(first) is not None
        opening = marks.OPENING.match(first) is not None
        if not (named or opening):
            return 0
        joined = ""
        for n in range(start, min(start + ATTRIBUTION_LINES, len(self.lines))):
            line = self.lines[n].lstrip("> ")
            if not line:
                return 0
            joined = f"{joined} {line}".strip()
            if self._is_attribution(joined, n + 1):
                return n + 1
            if marks.ENDS_SENTENCE.search(line):
                return 0
        return 0

    def _is_attribution(self, text: str, after: int) -> bool:
        if len(text) > 500 or not marks.ENDS_ATTRIBUTION.search(text):
            return bool(marks.BARE_ATTRIBUTION.fullmatch(text))
        if marks.BARE_ATTRIBUTION.fullmatch(text):
            return True
        if not marks.VERB.search(text):
            return False
        following = next((line for line in self.lines[after : after + 3] if line), "")
        if following.startswith((">", "|")):
            return True
        return bool(
            marks.ADDRESS.search(text) or (marks.CLOCK.search(text) and marks.DATE.search(text))
        )

    def _with_attribution_above(self, n: int) -> int:
        """An attribution of a form unknown to us, right above the quote, goes with it."""
        above = n - 1
        while above > 0 and not self.lines[above]:
            above -= 1
        line = self.lines[above][:200] if above >= 0 else ""
        if not line.endswith((":", "：")):
            return n
        dated = marks.DATE.search(line) and marks.CLOCK.search(line)
        known = dated or marks.ADDRESS.search(line) or marks.SHORT_ATTRIBUTION.fullmatch(line)
        return above if known else n

    def _header_block(self, start: int) -> bool:
        """Whether Outlook's block of labels begins here: From, Sent, To, Subject."""
        if not marks.label_kind(self.lines[start]):
            return False
        kinds: set[str] = set()
        address, unlabelled = False, 0
        for line in self.lines[start : start + HEADER_LINES]:
            kind = marks.label_kind(line)
            if kind:
                kinds.add(kind)
                address = address or "@" in line
                unlabelled = 0
            elif not line and len(kinds) < 3:
                continue  # some programs set the labels in paragraphs
            else:
                unlabelled += 1
                if unlabelled > 1 or not line:
                    break
        kinds.discard("other")
        # Od, Do and Data alone may be a customer's own list: where from, where to, when.
        return (
            "from" in kinds and len(kinds) >= 3 and (address or bool(kinds & {"sent", "subject"}))
        )

    def _with_rule_above(self, n: int) -> int:
        above = n - 1
        while above > 0 and not self.lines[above]:
            above -= 1
        return above if above >= 0 and marks.RULE.fullmatch(self.lines[above]) else n

    def _stands_alone(self, n: int) -> bool:
        """A line of its own: nothing of a sentence before or behind it."""
        return (n == 0 or not self.lines[n - 1] or n + 1 == len(self.lines)) and (
            n + 1 >= len(self.lines)
            or not self.lines[n + 1]
            or self.lines[n + 1][0] in "_->[<"
            or n > 0
        )

    # ------------------------------------------------------------ signatures

    def _end_of_text(self, end: int) -> int:
        """Where the text ends without the signature below it; never before its first words."""
        cut = self._trim_blank(end)
        for find in (
            self._legal_at,
            self._dashes_at,
            self._footer_at,
            self._mobile_at,
            self._closing_at,
        ):
            found = find(cut)
            if found is not None and self._has_words(0, found):
                cut = self._trim_blank(found)
        return cut

    def _trim_blank(self, end: int) -> int:
        while end > 0 and not self.lines[end - 1]:
            end -= 1
        return end

    def _last_lines(self, end: int) -> range:
        """The last lines, from the bottom up, as many as a signature may have."""
        count, n = 0, end
        while n > 0 and count <= SIGNATURE_LINES:
            n -= 1
            count += bool(self.lines[n])
        return range(end - 1, n - 1, -1)

    def _dashes_at(self, end: int) -> int | None:
        found = None
        for n in self._last_lines(end):
            if self.lines[n].startswith(">"):
                break
            if marks.SIGNATURE_DASHES.fullmatch(self.lines[n]):
                found = n
        return found

    def _mobile_at(self, end: int) -> int | None:
        n = end - 1
        return n if n > 0 and marks.MOBILE.fullmatch(self.lines[n]) else None

    def _footer_at(self, end: int) -> int | None:
        """A mailing list's footer under a line of underscores."""
        for n in self._last_lines(end):
            if (
                marks.UNDERSCORES.fullmatch(self.lines[n])
                and n + 1 < end
                and not self._header_block(n + 1)
            ):
                return n
        return None

    def _legal_at(self, end: int) -> int | None:
        found = None
        for n in self._last_lines(end):
            if self.lines[n].startswith(">"):
                break
            if marks.LEGAL.match(self.lines[n]) and (
                n == 0 or not self.lines[n - 1] or found is not None
            ):
                found = n
        return found

    def _closing_at(self, end: int) -> int | None:
        """The closing words and the name below them, if what follows looks like a signature."""
        for n in self._last_lines(end):
            line = self.lines[n]
            if line.startswith(">") or marks.POSTSCRIPT.match(line):
                return None
            if marks.CLOSING.fullmatch(line):
                return n
            if marks.ENGLISH_CLOSING.fullmatch(line) and end - n > 2:
                return n
            if line and not _like_signature(line):
                return None
        return None


def _like_signature(line: str) -> bool:
    """A name, a firm, a telephone: short, or with something to reach somebody by."""
    if line.endswith("?"):
        return False
    return len(line.split()) <= 5 or bool(marks.CONTACT.search(line))

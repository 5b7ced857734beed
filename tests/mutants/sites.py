"""Where the code locks, compares signatures or filters by who asks: read from the source."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_ROOMS = ("accounts", "api", "channels_ingest", "crm", "history", "inbox", "kpi", "tickets")
_FILTERS = {"visible_to", "changeable_by"}


@dataclass(frozen=True)
class Site:
    """A place in a file, and what stands there once it is taken out."""

    name: str
    path: Path
    start: int
    end: int
    instead: bytes

    def taken_out(self, source: bytes) -> bytes:
        return source[: self.start] + self.instead + source[self.end :]


def all_sites() -> list[Site]:
    return [site for path in _files() for site in _of_file(path)]


def _files() -> Iterator[Path]:
    for room in _ROOMS:
        for path in sorted((CHECKOUT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _of_file(path: Path) -> Iterator[Site]:
    source = path.read_bytes()
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))

    def offset(line: int | None, column: int | None) -> int:
        return lines[(line or 1) - 1] + (column or 0)

    module = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
    seen: Counter[str] = Counter()
    for function, where in _functions(ast.parse(source), module):
        for kind, start, end, instead in _in_function(function, offset):
            name = f"{kind}:{where}"
            seen[name] += 1
            number = f"#{seen[name]}" if seen[name] > 1 else ""
            yield Site(name + number, path.relative_to(CHECKOUT), start, end, instead)


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.AST, where: str) -> Iterator[tuple[_Function, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Function):
            yield node, f"{where}.{node.name}"
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{where}.{node.name}")


def _in_function(
    function: _Function, offset: Callable[[int | None, int | None], int]
) -> Iterator[tuple[str, int, int, bytes]]:
    if function.name in _FILTERS:
        first, last = function.body[0], function.body[-1]
        yield (
            "filter",
            offset(first.lineno, first.col_offset),
            offset(last.end_lineno, last.end_col_offset),
            b"return self",
        )
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=inner, attr="select_for_update")):
                start = offset(inner.end_lineno, inner.end_col_offset)
                yield "lock", start, offset(node.end_lineno, node.end_col_offset), b".all()"
            case ast.Call(func=ast.Attribute(attr="compare_digest")):
                start = offset(node.lineno, node.col_offset)
                yield "signature", start, offset(node.end_lineno, node.end_col_offset), b"True"
            case ast.Constant(value=str(text)) if "advisory_xact_lock(" in text:
                start = offset(node.lineno, node.col_offset)
                instead = text.replace("pg_try_advisory_xact_lock(", "0 < (").replace(
                    "pg_advisory_xact_lock(", "("
                )
                end = offset(node.end_lineno, node.end_col_offset)
                yield "lock", start, end, repr(instead).encode()

"""What the documents name is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
_ROWS = [
    *(f"{letter}{number}" for letter, most in zip("XTSADPR", (8, 10, 9, 11, 13, 4, 16), strict=True)
      for number in range(1, most + 1)),
]  # fmt: skip


def test_security_names_tests_that_exist() -> None:
    named = _NAMED.findall((ROOT / "docs" / "security.md").read_text())
    missing = {
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / "tests" / file).is_file()
        or f"def {name}(" not in (ROOT / "tests" / file).read_text()
    }

    assert len(named) > 200
    assert not missing


def test_security_has_every_row() -> None:
    document = (ROOT / "docs" / "security.md").read_text()

    assert [row for row in _ROWS if f"\n| {row} | " not in document] == []

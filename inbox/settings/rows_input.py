"""Rows of controls in a form, which buttons of the form itself add and remove."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

Row = tuple[str, ...]
_MOST_ROWS = 400


class RowsInput(forms.Widget):
    """Draws rows of controls. Its value is a mapping of a group's name to its rows."""

    columns: ClassVar[Sequence[str]]
    template_name: str

    def groups(self, name: str) -> list[str]:
        """The names of the groups of rows, without the column at their end."""
        raise NotImplementedError

    def around(self) -> dict[str, Any]:
        """What the template needs besides the rows."""
        return {}

    def drawn(self, row: Row) -> Any:
        """A row as its template wants it."""
        return row

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[Row]]:
        return [rows_of(data, group, self.columns) for group in self.groups(name)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        rows = [[self.drawn(row) for row in group] for group in value or []]
        groups = zip(self.groups(name), rows, strict=False)
        context = {"groups": list(groups), **self.around()}
        return SafeString(render_to_string(self.template_name, context))


def edited(data: QueryDict, columns_of: Callable[[str], Sequence[str]]) -> QueryDict:
    """The data after `add` (a group of rows) or `drop` ("group:number") was pressed."""
    data = data.copy()
    if group := str(data.get("add", "")):
        for column in columns_of(group):
            data.appendlist(f"{group}_{column}", "")
    if "drop" in data:
        group, _colon, number = str(data["drop"]).partition(":")
        for column in columns_of(group):
            values = data.getlist(f"{group}_{column}")
            kept = [value for at, value in enumerate(values) if str(at) != number]
            data.setlist(f"{group}_{column}", kept)
    return data


def rows_of(data: Any, group: str, columns: Iterable[str]) -> list[Row]:
    values = [data.getlist(f"{group}_{column}")[:_MOST_ROWS] for column in columns]
    return list(zip(*values, strict=False))

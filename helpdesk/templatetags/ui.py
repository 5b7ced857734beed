"""What every page draws: icons, form fields, initials."""

from functools import lru_cache

from django import forms, template
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; with a label it is read out, without one it is decoration."""
    return _icon(name, conditional_escape(label))


# A page has some 60 of them. The label comes escaped: equal texts must not differ in safety.
@lru_cache(maxsize=2_000)
def _icon(name: str, label: SafeString) -> SafeString:
    href = f"{static('dist/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.simple_tag
def fixed(template: str) -> SafeString:
    """A partial of nothing but words, drawn once for each language: it knows no context."""
    return _fixed(template, get_language())


@lru_cache(maxsize=100)
def _fixed(template: str, _language: str) -> SafeString:
    return SafeString(render_to_string(template).strip())


@register.simple_tag
def field(bound: BoundField, **attrs: str) -> SafeString:
    """A form's field with its label, help and errors; attrs go to the control (`rows="3"`)."""
    widget = bound.field.widget
    is_choice = isinstance(widget, forms.CheckboxInput)
    if isinstance(widget, forms.Textarea):
        attrs = {"rows": "4", **attrs}
    context = {
        "field": bound,
        "control": bound.as_widget(attrs={"class": _control_class(widget), **attrs}),
        "is_choice": is_choice,
        "is_group": isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)),
    }
    return SafeString(
        bound.as_hidden() if bound.is_hidden else render_to_string("_field.html", context)
    )


@register.simple_tag
def fields(form: BaseForm) -> SafeString:
    """Every field of a form, after the errors that belong to no single one."""
    context = {"form": form, "errors": form.non_field_errors()}
    return SafeString(render_to_string("_fields.html", context))


def _control_class(widget: forms.Widget) -> str:
    match widget:
        case forms.CheckboxInput() | forms.RadioSelect() | forms.CheckboxSelectMultiple():
            return "form-check-input"
        case forms.Select():
            return "form-select"
        case _:
            return "form-control"


@register.filter
def initials(name: str) -> str:
    """Two letters for a round picture: `Anna Kowalska` is AK, `ola@sklep.pl` is OL."""
    words = [word for word in name.split() if word[0].isalnum()]
    if len(words) > 1:
        return (words[0][0] + words[-1][0]).upper()
    return (words[0] if words else name or "?")[:2].upper()

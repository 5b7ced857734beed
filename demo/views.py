"""The customer's side, for newcomers: a shop with the widget, a mail form, a Messenger."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from demo import customer, messenger_talk
from demo.connections import demo_channels
from demo.forms import AnswerForm, MailForm, MessengerForm
from demo.sample.stories import PRODUCTS
from demo.standins import mail

View = Callable[..., HttpResponse]


def only_in_demo(view: View) -> View:
    """Everything here exists in demo mode alone."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return checked


@only_in_demo
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The whole page; `?part=` draws one part of it again."""
    match request.GET.get("part"):
        case "letters":
            return render(request, "demo/home.html#letters", {"letters": mail.letters()})
        case "talk":
            return render(request, "demo/home.html#talk", {"talk": messenger_talk.talk()})
    return _home(request, MailForm(), MessengerForm())


@only_in_demo
@require_GET
def shop(request: HttpRequest) -> HttpResponse:
    channel = demo_channels("chat")[0]
    return render(request, "demo/shop.html", {"channel": channel, "products": PRODUCTS[:6]})


@only_in_demo
@require_POST
def mail_write(request: HttpRequest) -> HttpResponse:
    form = MailForm(request.POST, request.FILES)
    if not form.is_valid():
        return _home(request, form, MessengerForm(), status=422)
    data = dict(form.cleaned_data)
    to = customer.shop_address(form.channels[data.pop("channel")])
    return _sent(request, lambda: customer.write_mail(to=to, **data))


@only_in_demo
@require_POST
def mail_answer(request: HttpRequest, key: str) -> HttpResponse:
    letter, form = mail.letter(key), AnswerForm(request.POST)
    if letter is None or not letter.mail.to:
        raise Http404
    if not form.is_valid():
        messages.error(request, _("Write something first."))
        return redirect("demo:home")
    who = letter.mail.to[0]
    return _sent(
        request,
        lambda: customer.write_mail(
            name=who.name,
            address=who.email,
            to=customer.answer_address(letter),
            subject=f"Re: {letter.mail.subject.removeprefix('Re: ')}",
            text=form.cleaned_data["text"],
            answers=letter,
        ),
    )


@only_in_demo
@require_POST
def messenger(request: HttpRequest) -> HttpResponse:
    form = MessengerForm(request.POST)
    if not form.is_valid():
        return _home(request, MailForm(), form, status=422)
    text = form.cleaned_data["text"]
    return _sent(request, lambda: messenger_talk.write(text))


def _sent(request: HttpRequest, send: Callable[[], None]) -> HttpResponse:
    try:
        send()
    except customer.NotTaken as e:
        messages.error(request, _("The helpdesk did not take the message: %(why)s") % {"why": e})
    else:
        messages.success(request, _("Sent. Look at the inbox: it is there in a moment."))
    return redirect("demo:home")


def _home(
    request: HttpRequest, mail_form: MailForm, messenger_form: MessengerForm, status: int = 200
) -> HttpResponse:
    context = {
        "mail_form": mail_form,
        "messenger_form": messenger_form,
        "answer_form": AnswerForm(),
        "letters": mail.letters(),
        "talk": messenger_talk.talk(),
    }
    return render(request, "demo/home.html", context, status=status)

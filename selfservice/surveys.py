"""The page of a survey. To look at it is no vote: scanners and previews of mail look at links."""

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kpi.models import SurveyResponse
from kpi.surveys import answering, asking, links


class AnswerForm(forms.Form):
    score = forms.TypedChoiceField(coerce=int, error_messages={"required": _("Choose a score.")})
    comment = forms.CharField(required=False, max_length=2_000, strip=True)

    def __init__(self, response: SurveyResponse, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict or None
        self.fields["score"].choices = [  # type: ignore[attr-defined]  # the stubs know no choices
            (score, score) for score in response.scores
        ]


# The link itself is the permission, and some readers of mail keep no cookies.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    response = links.find(token)
    if response is None:
        raise Http404
    with translation.override(response.shop.locale):
        if not asking.is_open(response):
            return _page(request, response, "over", status=410)
        if request.method != "POST":
            return _page(request, response, "form", chosen=_chosen(request, response))
        form = AnswerForm(response, request.POST)
        if not form.is_valid():
            return _page(request, response, "form", errors=form.errors["score"], status=422)
        return _thanks(request, response, form)


def _thanks(request: HttpRequest, response: SurveyResponse, form: AnswerForm) -> HttpResponse:
    with transaction.atomic():
        response = answering.answer(response, **form.cleaned_data)
        following = asking.nps_of(response)
    if following is not None:
        return _page(request, following, "form", action=links.path(following), is_second=True)
    return _page(request, response, "thanks")


def _chosen(request: HttpRequest, response: SurveyResponse) -> int | None:
    """The score of the link that was followed, else the one that was given before."""
    asked = request.GET.get("score", "")
    given = int(asked) if asked.isdecimal() and len(asked) <= 2 else response.score
    return given if given in response.scores else None


def _page(
    request: HttpRequest,
    response: SurveyResponse,
    part: str,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    worst, best = asking.ends_of_scale(response)
    context = {
        "response": response,
        "part": part,
        "question": asking.question(response),
        "worst": worst,
        "best": best,
        **context,
    }
    answer = render(request, "selfservice/survey.html", context, status=status)
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "no-referrer"
    return answer

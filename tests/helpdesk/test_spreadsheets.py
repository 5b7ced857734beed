import pytest

from helpdesk.spreadsheets import harmless


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "＝1", "-x"])
def test_formulas_become_text(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Anna", "+48 600 123 456", "-12,50", "a=b"])
def test_the_rest_survives(text):
    assert harmless(text) == text

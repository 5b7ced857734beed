from django.utils.safestring import SafeString

from helpdesk.templatetags.ui import icon


def test_a_label_is_escaped_however_often_the_same_text_came_as_safe():
    hostile = '"><b>'

    assert hostile in icon("x", SafeString(hostile))
    assert "&quot;&gt;&lt;b&gt;" in icon("x", hostile)

import json
import logging
import sys

from helpdesk.logs import JSONFormatter, TextFormatter


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("helpdesk.test", logging.INFO, __file__, 1, message, args, None)


def test_line_break_in_a_value_forges_no_line() -> None:
    line = TextFormatter().format(record("name %s", "x\r\n2026-01-01 INFO forged"))

    assert "\n" not in line
    assert line.endswith(r"INFO    helpdesk.test: name x\r\n2026-01-01 INFO forged")


def test_json_line_is_one_object() -> None:
    line = JSONFormatter().format(record("ticket %s\n", 5))

    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["level"], entry["logger"], entry["message"]) == (
        "INFO",
        "helpdesk.test",
        "ticket 5\n",
    )
    assert entry["time"].endswith("+00:00")


def test_exception_is_told() -> None:
    failed = record("failed")
    try:
        raise ValueError("why")
    except ValueError:
        failed.exc_info = sys.exc_info()

    assert TextFormatter().format(failed).endswith("ValueError: why")
    assert json.loads(JSONFormatter().format(failed))["exception"].endswith("ValueError: why")

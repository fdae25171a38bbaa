"""Log lines are JSON and hold no value of a caller's."""

import json
import logging
import logging.config

from serving.boundary.logs import JsonLines, log_config


def line_of(record):
    return json.loads(JsonLines().format(record))


def record_of(message, *args, **more):
    logger = logging.getLogger("assay.serving")
    return logger.makeRecord(
        "assay.serving", logging.WARNING, "f", 1, message, args, **more
    )


def test_a_line_is_an_object_with_time_level_and_message():
    found = line_of(record_of("model=%s refused", "tiny", exc_info=None))
    assert found["message"] == "model=tiny refused"
    assert (found["level"], found["logger"]) == ("warning", "assay.serving")
    assert found["time"].endswith("Z")


def test_fields_become_members():
    found = line_of(record_of("x", exc_info=None, extra={"fields": {"status": 200}}))
    assert found["status"] == 200


def test_an_error_is_named_with_its_place_and_without_its_words():
    try:
        int("income of PERSON-4711")
    except ValueError as error:
        about = (type(error), error, error.__traceback__)
    text = JsonLines().format(record_of("failed", exc_info=about))
    assert "PERSON-4711" not in text
    found = json.loads(text)
    assert found["error"] == "ValueError"
    assert "test_logs.py" in found["at"]


def test_the_configuration_names_assays_loggers_and_silences_queries():
    for as_json in (False, True):
        config = log_config(as_json=as_json)
        assert "assay" in config["loggers"]
        logging.config.DictConfigurator(config).configure_formatter(
            config["formatters"]["default"]
        )
    assert config["loggers"]["uvicorn.access"]["handlers"] == []

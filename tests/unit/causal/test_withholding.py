"""A number whose assumptions are broken must not be had from any output."""

import dataclasses
import json
from datetime import UTC, datetime

import numpy as np
import pytest

from assay.adapters.overrides import append_line, read_lines
from assay.causal.designs import DESIGNS, design_named
from assay.causal.discretion import tells
from assay.causal.exposure import naive_difference
from assay.causal.plan import Plan, data_digest
from assay.causal.report import effect_document, html_report, markdown_report
from assay.causal.triangulation import triangulate, triangulation_section
from assay.causal.withholding import Override, answer_question, override_answer
from assay.errors import ConfigError, SourceError
from benchmarks.causal.worlds import BROKEN, VALID

REASON = "the board asked for it and was told of the trend"
HIDDEN = (
    "two by two, own trend",
    "one treated branch",
    "no overlap, doubly robust",
    "no overlap, matching",
    "covariate that jumps",
    "weak instrument",
    "treated unit outside its donors",
)


def override(reason=REASON, who="A. Analyst", when=datetime(2026, 3, 1, tzinfo=UTC)):
    return Override(reason=reason, who=who, when=when)


def posed(name, worlds=BROKEN):
    world = worlds[name](np.random.default_rng(3))
    plan = Plan(
        question="Did it help?",
        design=world.design,
        outcome=world.outcome,
        options=world.options,
    )
    return world.frame, plan


def secrets_of(frame, plan):
    estimate = plan.how.estimate(frame, plan.outcome, plan.options).estimate
    values = (estimate.value, estimate.standard_error, *estimate.interval)
    texts = [f"{abs(value):.{digits}g}" for value in values for digits in (3, 4, 6)]
    # Shorter ones, such as 0.2, occur by chance.
    return [text for text in texts if "e" not in text and len(text) > 4]


@pytest.mark.parametrize("name", HIDDEN)
def test_a_withheld_number_is_in_no_output(name):
    frame, plan = posed(name)
    answer = answer_question(frame, plan)
    assert answer.is_withheld
    document = effect_document(answer)
    bare = html_report(document).partition("data:image")[0]
    outputs = [
        repr(answer),
        str(answer),
        json.dumps(answer.as_dict(), default=str),
        markdown_report(document),
        bare,
    ]
    for secret in secrets_of(frame, plan):
        for output in outputs:
            assert secret not in output.replace(plan.digest, "").replace(
                answer.data_digest, ""
            ).replace(plan.thresholds_digest, "")


def test_no_field_of_a_withheld_answer_holds_the_number():
    frame, plan = posed("two by two, own trend")
    answer = answer_question(frame, plan)
    assert answer.shown is None
    told = " ".join(
        repr(getattr(answer, one.name))
        for one in dataclasses.fields(answer)
        if one.name not in ("figures", "plan", "data_digest")
    )
    for secret in secrets_of(frame, plan):
        assert secret not in told


def test_plots_that_show_the_effect_are_not_drawn_for_a_withheld_number():
    frame, plan = posed("covariate that jumps")
    assert list(answer_question(frame, plan).figures) == ["density"]


def test_a_withheld_answer_says_what_is_broken_and_what_to_do():
    answer = answer_question(*posed("no overlap, doubly robust"))
    assert "overlap" in repr(answer)
    assert answer.reasons[0].advice
    assert "withheld" in markdown_report(effect_document(answer))


def test_an_override_is_logged_before_the_number_is_shown(tmp_path):
    frame, plan = posed("two by two, own trend")
    log = tmp_path / "overrides.jsonl"
    answer = override_answer(frame, plan, override(), lambda r: append_line(log, r))
    (record,) = read_lines(log)
    assert not answer.is_withheld
    assert answer.verdict == "withhold"
    assert record["reason"] == REASON
    assert record["broken"] == ["parallel trends"]
    assert record["plan_digest"] == plan.digest
    page = markdown_report(effect_document(answer))
    assert "A. Analyst" in page
    assert REASON in page


def test_a_log_that_fails_leaves_the_number_withheld():
    def full(_):
        raise SourceError("disk full")

    with pytest.raises(SourceError, match="disk full"):
        override_answer(*posed("two by two, own trend"), override(), full)


def test_an_override_of_what_is_reported_changes_and_logs_nothing():
    records = []
    answer = override_answer(*posed("two by two", VALID), override(), records.append)
    assert answer.verdict == "report"
    assert answer.override is None
    assert records == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("reason", "because"), ("who", " "), ("when", datetime(2026, 3, 1))],
)
def test_an_override_without_reason_name_or_zone_is_refused(field, value):
    with pytest.raises(ConfigError):
        override(**{field: value})


def test_lines_are_appended_and_an_altered_one_is_named(tmp_path):
    log = tmp_path / "log" / "lines.jsonl"
    append_line(log, {"a": 1})
    append_line(log, {"a": 2})
    assert [r["a"] for r in read_lines(log)] == [1, 2]
    log.write_text(log.read_text()[:-3])
    with pytest.raises(ValueError, match="line 2"):
        read_lines(log)


def test_a_plan_made_under_other_thresholds_is_refused():
    frame, plan = posed("two by two", VALID)
    object.__setattr__(plan, "thresholds_digest", "0" * 64)
    with pytest.raises(ConfigError, match="thresholds changed"):
        answer_question(frame, plan)


def test_the_plans_digest_moves_with_every_part_of_it():
    _, plan = posed("two by two", VALID)
    parts = {
        "question": plan.question,
        "design": plan.design,
        "outcome": plan.outcome,
        "options": dict(plan.options),
    }
    again = Plan(**(parts | {"options": dict(reversed(plan.options.items()))}))
    assert again.digest == plan.digest
    for changed in (
        {"question": "Or not?"},
        {"outcome": "z"},
        {"options": parts["options"] | {"level": 0.9}},
    ):
        assert Plan(**(parts | changed)).digest != plan.digest


@pytest.mark.parametrize(
    ("design", "options", "match"),
    [
        ("two_by_too", {}, "no design"),
        ("two_by_two", {"treated": "d"}, "needs 'post'"),
        ("two_by_two", {"treated": "d", "post": "p", "x": 1}, "no option 'x'"),
        ("two_by_two", {"treated": "d", "post": object()}, "cannot write down"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(design, options, match):
    with pytest.raises(ConfigError, match=match):
        Plan(question="?", design=design, outcome="y", options=options)


@pytest.mark.parametrize("name", VALID)
def test_the_plan_knows_what_the_number_will_be_of(name):
    frame, plan = posed(name, VALID)
    result = plan.how.estimate(frame, plan.outcome, plan.options)
    assert result.estimate.estimand == plan.estimand


def test_every_design_can_be_called_and_named():
    for name in DESIGNS:
        assert design_named(name).call().__name__ == name


def test_the_naive_number_is_the_difference_of_means():
    outcome, exposed = np.array([1.0, 2.0, 5.0, 8.0]), np.array([0.0, 0.0, 1.0, 1.0])
    assert naive_difference(outcome, exposed) == pytest.approx(5.0)
    assert np.isnan(naive_difference(outcome, np.ones(4)))


def test_the_digest_of_the_data_is_that_of_the_rows_not_of_their_order():
    frame, _ = posed("two by two", VALID)
    shuffled = frame.sample(frac=1, random_state=1)
    assert data_digest(shuffled) == data_digest(frame)
    assert data_digest(frame.assign(y=frame["y"] + 1e-12)) != data_digest(frame)


def test_triangulation_shows_agreement_and_keeps_withheld_numbers_out():
    frame, plan = posed("two by two", VALID)
    study = Plan(
        question=plan.question,
        design="event_study",
        outcome="y",
        options={"unit_column": "unit", "period": "week", "cohort": "cohort"},
    )
    both = triangulate([answer_question(frame, plan), answer_question(frame, study)])
    low, high = both.shared
    assert (both.table()["lower"] <= low).all()
    assert (both.table()["upper"] >= high).all()
    assert "All 2 intervals hold" in both.finding()
    frame, plan = posed("two by two, own trend")
    hidden = triangulate([answer_question(frame, plan), answer_question(frame, study)])
    assert hidden.shared is None
    assert hidden.table()["value"].isna().tolist() == [True, False]
    assert triangulation_section(hidden).grids[0].rows[0][3] == "withheld"


def test_answers_to_different_questions_are_not_put_together():
    first = answer_question(*posed("two by two", VALID))
    second = answer_question(*posed("fixed effects", VALID))
    with pytest.raises(ConfigError, match="same"):
        triangulate([first])
    assert triangulate([first, second]).n_shown == 2
    other = answer_question(*posed("experiment", VALID))
    with pytest.raises(ConfigError, match="2 pairs"):
        triangulate([first, other])


def test_a_finding_that_tells_the_number_is_blotted():
    assert tells("0.0512", [0.051234])
    assert tells("-3692", [-3691.9])
    assert not tells("0.05", [0.051234])
    assert not tells("0.0513", [0.051234])

"""What the report of an answer says, before it is HTML or Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from assay.causal.assumptions import Assumption
from assay.causal.report.words import (
    DIAGNOSTIC_NAMES,
    ESTIMAND_NAMES,
    FIGURE_CAPTIONS,
    STATE_WORDS,
    amount,
    headline,
    in_words,
    limits_of,
)
from assay.causal.withholding import Answer
from assay.pages import Document, Grid, Picture, Section


def effect_document(
    answer: Answer,
    *,
    source: str = "the data frame that was handed over",
    extra: tuple[Section, ...] = (),
) -> Document:
    """Lay an answer out as a report.

    Parameters
    ----------
    answer : Answer
        Shown or withheld; of a withheld one the document holds no number.
    source : str
        Where the rows came from, for the reader and for the code to reproduce.
    extra : tuple of Section
        Triangulation, coverage certificate and the like, put before the limits.
    """
    sections = [
        _design(answer, source),
        _estimate(answer),
        _assumptions(answer),
        _diagnostics(answer),
        _sensitivity(answer),
        *extra,
        Section(title="Limits", bullets=limits_of(answer)),
        Section(
            title="Reproduce it",
            paragraphs=(
                f"Plan {answer.plan.digest}, rows {answer.data_digest}, thresholds "
                f"{answer.plan.thresholds_digest}. The same three give the same bytes.",
            ),
            code=code_to_reproduce(answer, source),
        ),
    ]
    kept = [s for s in sections if s.paragraphs or s.grids or s.pictures or s.bullets]
    return Document(
        kind="Assay, effect of a rollout",
        title=answer.plan.question,
        verdict=answer.verdict,
        summary=headline(answer),
        facts=_facts(answer),
        sections=tuple(kept),
    )


def code_to_reproduce(answer: Answer, source: str) -> str:
    """Return the lines of Python that give this answer again."""
    plan = answer.plan
    options = "".join(f"\n        {n!r}: {v!r}," for n, v in plan.options.items())
    return (
        "from assay.adapters.sources.tables import read_table\n"
        "from assay.causal.plan import Plan\n"
        "from assay.causal.withholding import answer_question\n"
        "from assay.settings import Settings\n"
        "\n"
        "plan = Plan(\n"
        f"    question={plan.question!r},\n"
        f"    design={plan.design!r},\n"
        f"    outcome={plan.outcome!r},\n"
        f"    unit={plan.unit!r},\n"
        f"    options={{{options}\n    }},\n"
        ")\n"
        f'assert plan.digest == "{plan.digest}"\n'
        f"answer = answer_question(read_table({source!r}, Settings()), plan)\n"
    )


def _facts(answer: Answer) -> tuple[tuple[str, str], ...]:
    facts = [("Verdict", STATE_WORDS[answer.verdict])]
    if answer.shown:
        one = answer.shown.estimate
        low, high = one.interval
        name = ESTIMAND_NAMES.get(one.estimand, one.estimand)
        facts += [
            (name, in_words(one.value, one.unit)),
            (f"{one.level:.0%} interval", f"{amount(low)} to {amount(high)}"),
            ("p value", f"{one.p_value:.2g}"),
            ("Naive number", in_words(answer.shown.naive, one.unit)),
        ]
    else:
        facts.append(("Estimate", "withheld"))
    facts.append(("Rows", f"{answer.n_rows:,}"))
    return tuple(facts)


def _design(answer: Answer, source: str) -> Section:
    plan = answer.plan
    rows = [
        ("Design", plan.how.title),
        ("Outcome", f"{plan.outcome}{f', in {plan.unit}' if plan.unit else ''}"),
        ("What the number is of", ESTIMAND_NAMES.get(plan.estimand, plan.estimand)),
        ("Data", f"{source} ({answer.n_rows:,} rows)"),
        *((name.replace("_", " "), _value(v)) for name, v in plan.options.items()),
    ]
    return Section(
        title="Question, design and data",
        paragraphs=(
            "The design, its columns and the limits of its verdict were registered as "
            f"plan {plan.digest[:12]} before the estimate.",
        ),
        grids=(Grid(("what", "as registered"), tuple(rows)),),
    )


def _estimate(answer: Answer) -> Section:
    if answer.shown is None:
        return _withheld(answer)
    one, naive = answer.shown.estimate, answer.shown.naive
    rows = (
        (
            plan_method(answer),
            amount(one.value),
            amount(one.standard_error),
            f"{amount(one.interval[0])} to {amount(one.interval[1])}",
            f"{one.p_value:.3g}",
            f"{one.n:,}",
        ),
        ("naive: exposed rows against all others", amount(naive), "", "", "", ""),
    )
    columns = ("", "value", "error", f"{one.level:.0%} interval", "p", "rows")
    text = [
        f"Gap between the naive number and the estimate: {amount(naive - one.value)}."
    ]
    if answer.override:
        seal = answer.override
        text.insert(
            0,
            f"Withheld by its checks and shown all the same by {seal.who} on "
            f"{seal.when:%d %B %Y, %H:%M %Z}: {seal.reason}",
        )
    return Section(
        title="Estimate",
        paragraphs=tuple(text),
        grids=(Grid(columns, rows),),
        pictures=_pictures(answer, effect=True),
    )


def _withheld(answer: Answer) -> Section:
    reasons = [a for a in answer.reasons if a.state == "broken"]
    return Section(
        title="Estimate: withheld",
        paragraphs=(
            "The design was run and its number is not shown, because the data speak "
            "against what it rests on. A number here would be read as an answer.",
        ),
        bullets=tuple(f"{a.name}: {a.finding}. {_upper(a.advice)}" for a in reasons),
        pictures=_pictures(answer, effect=True),
    )


def plan_method(answer: Answer) -> str:
    """Return the design's title with the method of its estimate."""
    method = answer.shown.estimate.method if answer.shown else ""
    return f"{answer.plan.how.title}{f' ({method})' if method else ''}"


def _assumptions(answer: Answer) -> Section:
    ordered = sorted(answer.assumptions, key=lambda a: _ORDER.index(a.state))
    rows = tuple(
        (a.name, a.statement, STATE_WORDS[a.state], a.finding, _figures(a), a.advice)
        for a in ordered
    )
    columns = ("assumption", "what it says", "state", "what was seen", "test", "advice")
    grid = Grid(columns, rows, states=tuple(a.state for a in ordered))
    return Section(title="Assumptions", grids=(grid,))


_ORDER = ("broken", "doubtful", "untestable", "holds")


def _figures(one: Assumption) -> str:
    parts = []
    if one.statistic is not None:
        parts.append(f"statistic {one.statistic:.3g}")
    if one.p_value is not None:
        parts.append(f"p {one.p_value:.3g}")
    if one.threshold is not None:
        parts.append(f"limit {one.threshold:.3g}")
    return ", ".join(parts)


def _diagnostics(answer: Answer) -> Section:
    rows = tuple(
        (
            DIAGNOSTIC_NAMES.get(n, n.replace("_", " ").replace(" p value", ", p value")),
            amount(v),
        )
        for n, v in answer.diagnostics.items()
    )
    note = "Figures that repeat the number are left out." if answer.is_withheld else ""
    grid = Grid(("diagnostic", "value"), rows, note)
    return Section(
        title="Diagnostics",
        grids=(grid,) if rows else (),
        pictures=_pictures(answer, effect=False),
    )


def _sensitivity(answer: Answer) -> Section:
    grids = []
    for caption, table in answer.shown.tables if answer.shown else ():
        columns = tuple(str(name).replace("_", " ") for name in table.columns)
        rows = tuple(
            tuple(_value(cell) for cell in row)
            for row in table.itertuples(index=False, name=None)
        )
        grids.append(Grid(columns, rows, caption))
    return Section(title="Sensitivity", grids=tuple(grids))


def _pictures(answer: Answer, *, effect: bool) -> tuple[Picture, ...]:
    captions: Mapping[str, tuple[bool, str]] = FIGURE_CAPTIONS
    found = []
    for name, content in answer.figures.items():
        is_effect, caption = captions.get(name, (True, name.replace("_", " ")))
        if is_effect == effect:
            found.append(Picture(name, content, caption))
    return tuple(found)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:] + ("." if text and text[-1] not in ".!?" else "")


def _value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    return amount(float(value))

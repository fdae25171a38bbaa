"""The model card is made from the same evidence as the report."""

from dataclasses import replace

from assay.promotion.report import card_document, html_page, markdown_page


def test_the_card_of_a_kept_gate_is_as_expected(case, same_as_expected):
    same_as_expected(markdown_page(card_document(case)), "card.md")
    same_as_expected(html_page(card_document(case)), "card.html")


def test_the_card_of_a_refused_version_says_that_it_must_not_be_used(case):
    decision = replace(case.decision, failures=("auc: bad",))
    document = card_document(replace(case, decision=decision))
    assert document.verdict == "refuse"
    assert document.summary == (
        "The version does not keep its gate and must not be used."
    )
    assert 'class="summary bad"' in html_page(document)

"""Only what may pass by itself is tried again."""

import pytest
from prefect.states import Failed

from assay.errors import ConfigError, QualityError, SourceError
from tasks.faults import may_pass


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (SourceError("the server did not answer"), True),
        (ConnectionResetError("reset"), True),
        (ConfigError("a wrong parameter"), False),
        (QualityError("too many bad rows"), False),
        (FileNotFoundError("gone"), False),
        (ZeroDivisionError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_is_tried_again_only_if_it_may_pass(fault, expected):
    assert may_pass(None, None, Failed(data=fault)) is expected

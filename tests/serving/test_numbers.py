"""A whole number may be written as a decimal one; what is no number is refused."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from serving.numbers import WHOLE


class Asked(BaseModel):
    model_config = ConfigDict(strict=True)
    k: Annotated[int, WHOLE]


@pytest.mark.parametrize("written", ["26", "26.0", "2.6e1"])
def test_every_way_to_write_a_whole_number_is_taken(written):
    assert Asked.model_validate_json(f'{{"k": {written}}}').k == 26


@pytest.mark.parametrize("written", ["26.5", '"26"', "true", "null", "1e400", "[26]"])
def test_anything_else_is_refused(written):
    with pytest.raises(ValidationError):
        Asked.model_validate_json(f'{{"k": {written}}}')

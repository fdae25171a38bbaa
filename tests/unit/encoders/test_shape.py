"""How an encoder is fitted: what is allowed, and what a full training asks for."""

import pytest

from assay.encoders.shape import FULL, TextShape
from assay.errors import ConfigError


def test_a_full_training_has_defaults_of_its_own_which_options_replace():
    assert TextShape.of({}) == TextShape()
    full = TextShape.of({"training": "full", "passes": 2})
    assert full.passes == 2
    assert full.encoder_rate == FULL["encoder_rate"] != TextShape().encoder_rate


@pytest.mark.parametrize(
    "option",
    [
        {"passes": 0},
        {"passes": 1.5},
        {"encoder_rate": 0.0},
        {"layer_decay": 1.1},
        {"layer_decay": 0.0},
        {"warm_up": 1.0},
        {"balance": -0.1},
        {"training": "half"},
        {"device": "tpu"},
        {"precision": "int8"},
    ],
)
def test_a_value_out_of_range_is_refused_by_name(option):
    (name,) = option
    with pytest.raises(ConfigError, match=f"{name} = "):
        TextShape.of(option)


def test_an_option_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match="no option colour"):
        TextShape.of({"colour": 1})

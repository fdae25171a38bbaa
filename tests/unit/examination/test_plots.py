"""Pictures of an examination say what they came from and repeat to the byte."""

from dataclasses import replace

from assay.examination.plots import pictures

PNG = b"\x89PNG\r\n\x1a\n"


def test_every_picture_is_drawn_and_names_its_origin(examination):
    found = pictures(examination)
    assert set(found) == {
        "roc",
        "calibration",
        "scores",
        "slices",
        "months",
        "approval",
        "trade_off",
    }
    for name, picture in found.items():
        assert picture.name == name
        assert picture.content.startswith(PNG)
        assert "; from " in picture.caption
    assert found["trade_off"].caption.endswith(
        examination.evidence.origin("alternatives")
    )
    assert pictures(examination)["trade_off"] == found["trade_off"]


def test_what_has_nothing_to_show_is_left_out(examination):
    bare = replace(
        examination.evidence, slices=(), months=(), fairness=(), alternatives=()
    )
    found = pictures(replace(examination, evidence=bare))
    assert set(found) == {"roc", "calibration", "scores"}

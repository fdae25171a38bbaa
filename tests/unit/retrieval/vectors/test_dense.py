"""An encoder is read whole or refused; the fastest route is chosen by the hardware."""

import pytest

from assay.errors import BundleError
from assay.retrieval.vectors.dense import has_fast_bf16, read_encoder


def test_a_folder_without_an_encoder_is_refused(tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        read_encoder(tmp_path, "fp32")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx512_bf16 amx_bf16 amx_tile", True), ("avx512_bf16 avx512_vnni", False)],
)
def test_bf16_is_taken_only_where_it_beats_int8(monkeypatch, tmp_path, flags, expected):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (tmp_path / "cpuinfo").write_text(f"flags : fpu {flags}\n")
    assert has_fast_bf16(tmp_path / "cpuinfo") is expected

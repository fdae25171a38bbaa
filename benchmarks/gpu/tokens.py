"""Tokens a second of fine-tuning an encoder of MiniLM's size; torch alone."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from benchmarks.gpu.floor import wait
from benchmarks.gpu.ways import SEED, measured


class Size(NamedTuple):
    """Sizes of an encoder and of a step."""

    vocabulary: int = 30_522
    width: int = 384
    layers: int = 6
    heads: int = 12
    within: int = 1_536
    length: int = 128
    batch: int = 32


class Encoder(nn.Module):
    """Embeddings, layers of attention, mean over tokens, a head of two classes."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.words = nn.Embedding(size.vocabulary, size.width)
        self.places = nn.Embedding(size.length, size.width)
        layer = nn.TransformerEncoderLayer(
            size.width,
            size.heads,
            size.within,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, size.layers, enable_nested_tensor=False
        )
        self.head = nn.Linear(size.width, 2)

    def forward(self, ids: Any) -> Any:  # noqa: ANN401 # tensors
        """Return logits, shape (n_texts, 2)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.layers(self.words(ids) + self.places(places)).mean(dim=1))


def texts(
    device: torch.device, bounds: dict[str, float], seconds: float, size: Size
) -> dict[str, Any]:
    """Return tokens a second of each way, their floors and what is off to float64."""
    torch.manual_seed(SEED)
    ids = torch.randint(size.vocabulary, (size.batch, size.length), device=device)
    labels = torch.arange(size.batch, device=device) % 2
    operations = operations_per_token(size)
    ways = {}
    for name, precision, is_compiled in (
        ("float32", "float32", False),
        ("bfloat16", "bfloat16", False),
        ("bfloat16, compiled", "bfloat16", True),
    ):
        given = device, ids, labels, size, precision, is_compiled, seconds
        ways[name] = measured(lambda given=given: trained(*given))
        ways[name]["floor"] = bounds[f"{precision}_operations_per_second"] / operations
        print("texts,", name, ways[name], flush=True)
    return {
        "weights": sum(each.numel() for each in Encoder(size).parameters()),
        "batch": size.batch,
        "length": size.length,
        "operations": operations,
        "ways": ways,
        "correctness": correctness(device, ids, size),
    }


def operations_per_token(size: Size) -> float:
    """Return multiplications and additions of a step a token, forward and backward.

    Projections and the two layers within, and attention's two products over all tokens of
    a text; what is looked up counts nothing.
    """
    weights = size.layers * (4 * size.width**2 + 2 * size.width * size.within)
    attention = size.layers * 2 * size.length * size.width
    return 3.0 * 2.0 * (weights + attention)


def trained(
    device: torch.device,
    ids: Any,  # noqa: ANN401 # tensors
    labels: Any,  # noqa: ANN401 # tensors
    size: Size,
    precision: str,
    is_compiled: bool,  # one of a way's fields
    seconds: float,
) -> dict[str, Any]:
    """Train for the given time."""
    torch.manual_seed(SEED)
    module = Encoder(size).to(device)
    stepped = torch.compile(module) if is_compiled else module
    optimiser = torch.optim.AdamW(module.parameters(), lr=1e-4)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        half = precision == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            logits = stepped(ids)
        functional.cross_entropy(logits.float(), labels).backward()
        optimiser.step()

    step()  # what is made at the first step
    wait(device)
    begin, n_steps = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        for _ in range(10 if device.type == "cuda" else 1):
            step()
            n_steps += 1
        wait(device)
    took = time.perf_counter() - begin
    return {"tokens_per_second": n_steps * ids.numel() / took}


def correctness(device: torch.device, ids: Any, size: Size) -> dict[str, float]:  # noqa: ANN401 # a tensor
    """Return how far log-odds are from float64 on the processor, by precision."""
    torch.manual_seed(SEED)
    module, few = Encoder(size).eval(), ids[:8]
    with torch.no_grad():
        exact = module.double()(few.cpu())
        module = module.float().to(device)
        found = {}
        for precision in ("float32", "bfloat16"):
            half = precision == "bfloat16"
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                logits = module(few)
            off = (logits.double().cpu() - exact).diff(dim=1).abs()
            found[precision] = float(off.max())
    return found

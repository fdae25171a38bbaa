"""The page of the figures."""

from __future__ import annotations

from typing import Any


def page(found: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    lines = [
        "# Training on a device",
        "",
        "Written by `make bench-gpu` (`python -m benchmarks.gpu.training`).",
        "",
        ", ".join(f"{name}: {value}" for name, value in found["machine"].items())
        + f"; {found['rows']:,} generated rows, batches of {found['batch']:,}.",
        "",
    ]
    if "processor" in found["machine"]["device"]:
        lines += [
            "**Not run on a CUDA device: none was at hand.** The figures below are of a "
            "processor and say nothing about the goals (20 times the DataLoader loop, "
            "half of the floor); they show that the command runs.",
            "",
        ]
    lines += _ways(found)
    return "\n".join([*lines, "", *_notes(found), "", *_texts(found["texts"])]) + "\n"


def _ways(found: dict[str, Any]) -> list[str]:
    bounds, slowest = found["floor"], None
    lines = [
        "| way | rows a second | times the DataLoader loop | share of the floor "
        "| seconds to boosting's loss |",
        "|---|---|---|---|---|",
    ]
    for name, way in found["ways"].items():
        if "not_run" in way:
            lines.append(f"| {name} | not run: {way['not_run']} | | | |")
            continue
        rate = way["rows_per_second"]
        slowest = slowest or rate
        how = "float32" if "float32" in name or "DataLoader" in name else "bfloat16"
        share = rate / bounds[f"{how}_rows_per_second"]
        reached = found["boosting"]["reached"][name]
        when = f"{reached:.1f}" if reached is not None else "not in the time given"
        lines.append(
            f"| {name} | {rate:,.0f} | {rate / slowest:.1f} | {share:.1%} | {when} |"
        )
    return lines


def _notes(found: dict[str, Any]) -> list[str]:
    bounds, rival = found["floor"], found["boosting"]
    return [
        f"scikit-learn's boosting on {rival['rows']:,} rows: log loss "
        f"{rival['loss']:.4f} after {rival['seconds']:.1f} s.",
        "",
        f"The floor: {bounds['operations_per_row']:,.0f} operations and "
        f"{bounds['bytes_per_row']:,.0f} bytes a row; measured here, "
        f"{bounds['float32_operations_per_second'] / 1e12:.2f} and "
        f"{bounds['bfloat16_operations_per_second'] / 1e12:.2f} million million "
        "operations a second in float32 and bfloat16, "
        f"{bounds['copied_bytes_per_second'] / 1e9:.1f} GB/s copied.",
        "",
        "Largest difference in log-odds to float64: "
        + ", ".join(f"{k} {v:.1e}" for k, v in found["correctness"].items())
        + ".",
    ]


def _texts(found: dict[str, Any]) -> list[str]:
    lines = [
        "## Texts",
        "",
        f"Every weight of an encoder of MiniLM's size ({found['weights']:,} weights, not "
        f"its own: torch alone is needed) is trained, {found['batch']} texts of "
        f"{found['length']} tokens a step, no padding.",
        "",
        "| way | tokens a second | share of the floor |",
        "|---|---|---|",
    ]
    for name, way in found["ways"].items():
        if "not_run" in way:
            lines.append(f"| {name} | not run: {way['not_run']} | |")
            continue
        rate, floor = way["tokens_per_second"], way["floor"]
        lines.append(f"| {name} | {rate:,.0f} | {rate / floor:.1%} |")
    return [
        *lines,
        "",
        f"The floor: {found['operations']:,.0f} operations a token at the rates above. "
        "Largest difference in log-odds to float64: "
        + ", ".join(f"{k} {v:.1e}" for k, v in found["correctness"].items())
        + ".",
    ]

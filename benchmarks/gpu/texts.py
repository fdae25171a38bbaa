"""The flow `fine_tune_text` on two public sets; writes docs/results/texts.md.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.gpu.texts [DATA_FOLDER] [--only WORD]``; it
takes a CUDA device where there is one. The flow runs as it does for a user, on a Prefect
server of its own. Tokens a second are counted over the fit, words and writing of the
bundle included. ``--only decoder`` measures the rows of a decoder and keeps the others of
the page as they are.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer

from assay.encoders.baseline import fit_baseline
from assay.encoders.decoder_shape import DecoderShape
from assay.encoders.examples import Examples, dealt
from assay.encoders.scorer import ABOUT, TOKENIZER, TextScorer
from assay.encoders.shape import TextShape
from deployments.environment import be_quiet

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "OMP_NUM_THREADS=1 python -m benchmarks.gpu.texts"


class Set(NamedTuple):
    """A public set and how its encoder or decoder is trained."""

    title: str
    file: str
    text: str
    label: str
    reader: str
    training: str

    @property
    def head(self) -> str:
        """How its row of the page begins."""
        return f"| {self.title} | {self.reader} |"


PHRASES = "Financial phrases", "financial_phrasebank", "sentence", "sentiment"
SPAM = "Message spam", "sms_spam", "text", "label"
SETS = (
    Set(*PHRASES, "encoder", "full"),
    Set(*PHRASES, "decoder", "full"),
    Set(*SPAM, "encoder", "frozen"),
    Set(*SPAM, "decoder", "full"),
)
PAGE = ROOT / "docs" / "results" / "texts.md"


def main() -> None:
    """Run the flow on each set and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = ROOT.parent / "shared" / "data"
    parser.add_argument("folder", type=Path, nargs="?", default=shared)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    be_quiet()  # and below, before Prefect is imported and reads what is set
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.update(
            ASSAY_HOME=f"{scratch}/home",
            PREFECT_HOME=f"{scratch}/prefect",
            PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="600",
        )
        os.environ.pop("PREFECT_API_URL", None)
        for each in SETS:
            if asked.only in each.head:
                row = asyncio.run(measured(asked.folder, device, each))
                PAGE.write_text(page(each, row, PAGE.read_text(), device))


async def measured(folder: Path, device: str, of: Set) -> str:
    """Run the flow on one set and return its row of the table."""
    from flows.fine_tune_text import fine_tune_text

    table = folder / f"{of.file}.parquet"
    begin = time.perf_counter()
    cpu = time.process_time()
    outcome = await fine_tune_text(
        source=str(table),
        text=of.text,
        label=of.label,
        training=of.training,
        decoder="new" if of.reader == "decoder" else None,
        device=device,
    )
    took, busy = time.perf_counter() - begin, time.process_time() - cpu
    return row_of(of, pd.read_parquet(table), outcome, took, busy)


def row_of(
    of: Set, frame: pd.DataFrame, outcome: dict[str, Any], took: float, busy: float
) -> str:
    """Return a row, the bundle that the flow wrote compared with words once more."""
    from tasks.texts import SHARES, compared

    examples = Examples.of(frame, of.text, of.label)
    train, choice, holdout = dealt(examples, 0, SHARES)
    learned = examples.part(np.concatenate((train, choice)))
    held = examples.part(holdout)
    bundle = Path(outcome["folder"])
    scorer = TextScorer.read(bundle)
    ours, theirs, gain, keeps = compared(scorer, fit_baseline(learned), held)
    shares = ours.value, theirs.value, keeps
    told = (f"{of.reader}_accuracy", "baseline_accuracy", f"keeps_{of.reader}")
    if shares != tuple(outcome[name] for name in told):
        raise SystemExit(f"the flow says {outcome}, its bundle {shares}")
    classes = json.loads((bundle / ABOUT).read_text())["classes"]
    if of.reader == "decoder":
        made, shape = DecoderShape.split({})
        n_passes, how = made.next_passes + shape.passes, "next token, then full"
    else:
        shape, how = TextShape.of({"training": of.training}), of.training
        n_passes = shape.passes if of.training == "full" else 1
    rate = n_passes * n_tokens(bundle, learned.texts) / busy
    kept = of.reader if keeps else "words"
    print(of.title, ours, theirs, gain, f"{took:.0f} s, {busy:.0f} s busy", flush=True)
    return (
        f"{of.head} {len(classes)} | {how}, {n_passes} | "
        f"{len(learned.texts):,} | {len(held.texts):,} | {ours} | {theirs} | {gain} | "
        f"{kept} | {busy:,.0f} | {rate:,.0f} |"
    )


def n_tokens(bundle: Path, texts: tuple[str, ...]) -> int:
    """Return the tokens of texts, without what fills them up."""
    tokenizer = Tokenizer.from_file(str(bundle / TOKENIZER))
    tokenizer.no_padding()
    return sum(len(each.ids) for each in tokenizer.encode_batch(list(texts)))


def page(of: Set, row: str, before: str, device: str) -> str:
    """Return the page with a set's row put in, the rows of the others as they were."""
    rows = []
    for each in SETS:
        told = [line for line in before.splitlines() if line.startswith(each.head)]
        kept = told[0] if told else f"{each.head} not measured |"
        rows.append(row if each == of else kept)
    name = torch.cuda.get_device_name(0) if device == "cuda" else "processor, one thread"
    head = (
        "| data | reader | classes | training, passes | learned | holdout | right "
        "| TF-IDF | difference | kept | processor seconds | tokens a second |"
    )
    lines = [
        "# Text classes",
        "",
        f"Written by `{COMMAND}` on: {name}.",
        "",
        "Share of the holdout named rightly, by the graph of the encoder, or of a "
        "decoder made of the training texts alone, as the flow `fine_tune_text` wrote it "
        "and by words with logistic regression, with 95 % intervals; the difference is "
        "paired. Seed 0, options as they are.",
        "",
        head,
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "Tokens a second are those that it was trained on or read in training, "
        "over the processor time of the whole flow.",
    ]
    if device != "cuda":
        lines += ["", "**Not run on a CUDA device: none was at hand.**"]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# Writes locks/*.txt from pyproject.toml: every version once, with hashes.
# torch is left out: its CPU and CUDA builds have different hashes, so locks/torch.txt
# names the version and the installer picks the build (see docs/decisions/).
set -euo pipefail
cd "$(dirname "$0")/.."
links=$(python3 -m pip config get global.find-links 2>/dev/null || true)
compile() {
  uv pip compile pyproject.toml "$@" --python-version 3.11 --generate-hashes --quiet \
    --no-emit-index-url ${links:+--find-links "$links"} --no-emit-package torch \
    --custom-compile-command "make lock"
}
compile --group dev -o locks/dev.txt
compile --group flows -c locks/dev.txt -o locks/flows.txt
compile --group flows --group retrieval -c locks/dev.txt -o locks/gpu.txt
compile --group serving -c locks/dev.txt -o locks/serving.txt

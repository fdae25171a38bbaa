#!/usr/bin/env bash
# Makes .venv from the locks, every file checked against its hash. Without a change of
# the locks a second call takes no time. PYTHON names another interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "make env: $*" >&2; exit 1; }

python=${PYTHON:-python3.11}
venv=.venv
sources=(locks/bootstrap.txt locks/torch.txt locks/dev.txt pyproject.toml)
digest=$(cat "${sources[@]}" | sha256sum | cut -d' ' -f1)
if [ "$(cat $venv/locks.sha256 2>/dev/null)" = "$digest" ] && [ -x $venv/bin/python ]; then
  exit 0
fi

command -v "$python" >/dev/null || fail "no $python here; install Python 3.11" \
  "(Debian: apt-get install python3.11-venv) or name one: make env PYTHON=/path/to/python3.11"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
  fail "$python is $("$python" -V 2>&1), and the locks are for Python 3.11; name one: make env PYTHON=..."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python has no venv module; install it (Debian: apt-get install python3.11-venv)"
minimum=6
free=$(df --output=avail -BG . | tail -1 | tr -dc 0-9)
[ -d $venv ] || [ "$free" -ge $minimum ] ||
  fail "$free GB free in $PWD, and the environment needs $minimum GB; make room or clone elsewhere"

# The marks of interpreter and libraries go stale when the folder moves.
if ! $venv/bin/python -c 'import sys; sys.exit(sys.prefix != sys.argv[1])' "$PWD/$venv" 2>/dev/null; then
  rm -rf $venv
  echo "[1/4] virtual environment from $("$python" -V)"
  "$python" -m venv $venv
fi
rm -f $venv/locks.sha256
pip() {
  $venv/bin/python -m pip --disable-pip-version-check "$@" \
    2> >(grep -v 'is ignored: it is neither a file nor a directory' >&2 || true)
}
configured() { pip config get "global.$1" 2>/dev/null || true; }

echo "[2/4] installer"
pip install --quiet --require-hashes -r locks/bootstrap.txt

# torch's CPU and CUDA builds differ in their hashes: pip takes the version from where
# its configuration says. UV has its own configuration: hand pip's over.
torch=$(cat locks/torch.txt)
echo "[3/4] $torch"
pip show torch 2>/dev/null | grep -q "^Version: ${torch#torch==}" || pip install --quiet "$torch"

echo "[4/4] $(grep -c '^[a-z0-9].*==' locks/dev.txt) locked packages"
links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-$(configured find-links)}}
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(configured index-url)}}
certificates=${SSL_CERT_FILE:-${PIP_CERT:-$(configured cert)}}
export UV_FIND_LINKS=${links// /,} UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-180}
[ -z "$index" ] || export UV_DEFAULT_INDEX=$index
[ -z "$certificates" ] || export SSL_CERT_FILE=$certificates
uv() { $venv/bin/uv "$@" --python $venv/bin/python; }
if [ -t 2 ]; then # a bar for a person, one line for a log
  uv pip install --no-deps --require-hashes -r locks/dev.txt
else
  uv pip install --no-deps --require-hashes -r locks/dev.txt 2>&1 | grep -v '^ [+-] '
fi
uv pip install --quiet --no-deps --no-build-isolation --editable .
echo "$digest" >$venv/locks.sha256
echo "environment ready: $venv"

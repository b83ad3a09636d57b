# Sourced by every script: makes .venv from uv.lock, with nothing but Python >= 3.11 and its venv and pip.
# $sync are options for `uv sync`. Leaves you at the top of the project, .venv/bin first in PATH.
set -eu
cd "$(dirname "$0")/.."
uv=0.13.9
if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$uv" ]; then
    for python in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 ''; do
        [ -n "$python" ] || { echo "canary needs Python 3.11 or newer; set PYTHON to its path" >&2; exit 78; }
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
    done
    echo "setting up .venv (once)" >&2
    [ -x .venv/bin/pip ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv"
fi
UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never .venv/bin/uv sync --quiet --frozen --inexact $sync
PATH=$PWD/.venv/bin:$PATH
export PATH

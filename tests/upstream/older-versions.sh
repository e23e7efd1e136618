#!/usr/bin/env bash
# Compares fasttest with older versions of pytest-asyncio, installed one after another.
#
#   tests/upstream/older-versions.sh [PYTHON]
#
# Makes an environment for each in a temporary folder; needs PyPI and a C++20 compiler.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly python=${1:-python3}
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

unset PYTHONPATH PYTEST_ADDOPTS PYTEST_DISABLE_PLUGIN_AUTOLOAD
# Away from this project's own settings, some of which are not these versions'.
mkdir "$work/tests"
cp -r tests/compat "$work/tests"
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$work" \
  --config-settings "build-dir=$work/build" .

status=0
# One of each way: a single loop fixture, loops by scope, the last with a loop fixture,
# the first without, and the last that leaves a current loop.
for versions in 0.21.2:8.4.2 0.23.8:8.4.2 0.26.0:8.4.2 1.0.0:8.4.2 1.3.0:9.0.2; do
  echo "==> pytest-asyncio ${versions%:*}, pytest ${versions#*:}"
  "$python" -m venv --clear "$work/venv"
  "$work/venv/bin/python" -m pip install --quiet "$work"/*.whl \
    "pytest-asyncio==${versions%:*}" "pytest==${versions#*:}"
  (cd "$work" && venv/bin/python -m pytest -q -p no:asyncio tests/compat/test_versions.py) ||
    status=1
done
exit $status

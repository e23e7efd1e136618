#!/usr/bin/env bash
# Compares fasttest with older versions of pytest and pytest-asyncio.
#
#   tests/upstream/older-versions.sh [PYTHON]
#   tests/upstream/older-versions.sh --pytest VERSION [PYTHON]
#
# The first installs versions of pytest-asyncio, one after another, and runs what is
# about them. The second runs all of tests/compat, without plugins, with one version of
# pytest (8.2, 9.0.2) and the newest pytest-asyncio that goes with it.
#
# Makes environments in a temporary folder; needs PyPI and a C++20 compiler.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pytest=
if [[ ${1:-} == --pytest ]]; then
  pytest=${2:?which version of pytest?}
  shift 2
fi
readonly pytest python=${1:-python3}
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

unset PYTHONPATH PYTEST_ADDOPTS PYTEST_DISABLE_PLUGIN_AUTOLOAD
# Away from this project's own settings, some of which are not these versions'.
mkdir "$work/tests"
cp -r tests/compat tests/suites "$work/tests"
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$work" \
  --config-settings "build-dir=$work/build" .

# install REQUIREMENT...: makes the environment anew, with fasttest and these.
install() {
  "$python" -m venv --clear "$work/venv"
  # Dependency groups need pip 25.1.
  "$work/venv/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
  "$work/venv/bin/python" -m pip install --quiet "$work"/*.whl "$@"
}

# compare PATH...: runs these tests in the environment.
compare() {
  (cd "$work" && venv/bin/python -m pytest -q -p no:asyncio "$@")
}

if [[ -n $pytest ]]; then
  install "pytest==$pytest.*" --group compat
  echo "==> $("$work/venv/bin/python" -m pip list --format freeze | grep '^pytest' | xargs)"
  compare tests/compat --ignore tests/compat/plugins
  exit
fi

status=0
# One of each way: a single loop fixture, loops by scope, the last with a loop fixture,
# the first without, and the last that leaves a current loop.
for versions in 0.21.2:8.4.2 0.23.8:8.4.2 0.26.0:8.4.2 1.0.0:8.4.2 1.3.0:9.0.2; do
  echo "==> pytest-asyncio ${versions%:*}, pytest ${versions#*:}"
  install "pytest-asyncio==${versions%:*}" "pytest==${versions#*:}"
  compare tests/compat/test_versions.py || status=1
done
exit $status

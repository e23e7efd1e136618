#!/usr/bin/env bash
# Runs pytest-asyncio's own tests under fasttest, and by it every run they start.
#
#   tests/upstream/pytest-asyncio.sh [PYTEST ARGUMENTS]
#
# Uses the Python environment it is started in, with fasttest and its dev group
# installed; downloads the source package of the pytest-asyncio whose behaviour fasttest
# follows. What differs is listed, with the reasons, in inner_fasttest.py.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here version=1.5.0
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

unset PYTEST_ADDOPTS PYTEST_DISABLE_PLUGIN_AUTOLOAD
python -c "import pytest_asyncio, sys; sys.exit(pytest_asyncio.__version__ != '$version')" || {
  echo "install pytest-asyncio $version first: its tests are about that version"
  exit 1
}
python -m pip download --quiet --no-deps --no-binary :all: \
  --dest "$work" "pytest-asyncio==$version"

# Not the package itself, which would hide the installed one.
mkdir "$work/suite"
tar -xzf "$work/pytest_asyncio-$version.tar.gz" -C "$work/suite" --strip-components 1 \
  "pytest_asyncio-$version/tests" "pytest_asyncio-$version/docs" \
  "pytest_asyncio-$version/pyproject.toml"
cp "$here/test_inner_runs.py" "$work/suite/tests"
cd "$work/suite"
PYTHONPATH=$here python -m fasttest -p pytester -p inner_fasttest -p no:cacheprovider \
  docs tests "$@"

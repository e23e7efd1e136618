#!/usr/bin/env bash
# Checks everything: style, types, the C++ core, the Python side, and the examples.
#
#   tests/all.sh [PYTHON]
#
# Needs Python 3.10 or newer with venv, a C++20 compiler, and PyPI. Everything else is
# installed into a virtual environment under build/, made anew each time. GoogleTest is
# the system's if there is one; as root on Debian and its kin it is installed; otherwise
# CMake downloads it. All steps are run, whatever fails; the exit code is 1 if any did.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly python=${1:-python3} work=$PWD/build/all
readonly venv=$work/venv

# What somebody's shell asks for must not change what is checked.
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTEST_ADDOPTS
unset PYTEST_DISABLE_PLUGIN_AUTOLOAD
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

failed=()
summaries=()

# step NAME COMMAND...: runs the command, and remembers if it fails.
step() {
  local name=$1 began=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  if "$@"; then
    printf '==> %s: ok, %d s\n' "$name" $((SECONDS - began))
  else
    printf '==> %s: FAILED, %d s\n' "$name" $((SECONDS - began))
    failed+=("$name")
    return 1
  fi
}

# summarised PATTERN COMMAND...: also keeps the last line of output that matches.
summarised() {
  local pattern=$1 log status
  shift
  log=$(mktemp "$work/log.XXXXXX")
  "$@" 2>&1 | tee "$log"
  status=$?
  summaries+=("$(grep -E "$pattern" "$log" | tail -n 1)")
  return $status
}

finish() {
  printf '\n'
  ((${#summaries[@]} == 0)) || printf '%s\n' "${summaries[@]}"
  if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
  fi
  printf 'All of it passed in %d s.\n' "$SECONDS"
  exit 0
}

make_environment() {
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "$python is missing or older than 3.10: give another, tests/all.sh PYTHON"
    return 1
  }
  rm -rf "$work"
  mkdir -p "$work"
  "$python" -m venv "$venv" || {
    echo "this Python cannot make virtual environments; Debian: apt-get install python3-venv"
    return 1
  }
  # Dependency groups need pip 25.1.
  "$venv/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
}

install_fasttest() {
  python -m pip install --quiet . --group dev --config-settings "build-dir=$work/wheel"
}

has_googletest() {
  echo '#include <gtest/gtest.h>' | "${CXX:-c++}" -std=c++20 -x c++ -E - >"$work/gtest.i" 2>&1
}

find_googletest() {
  has_googletest && return
  if [[ $EUID == 0 ]] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq --no-install-recommends libgtest-dev
    has_googletest && return
  fi
  echo "no GoogleTest here: CMake will try to download it from GitHub. If it cannot,"
  echo "install the system's package (Debian: libgtest-dev, Fedora: gtest-devel)."
}

cpp_format() {
  find cpp tests/cpp -name '*.[ch]pp' -print0 | xargs -0 clang-format --dry-run --Werror
}

# A test that hangs ends the run, with a traceback. Started in the background, a shell
# has its children ignore Ctrl-C, which tests send to themselves.
run_pytest() {
  python -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' \
    python -m pytest -p no:cacheprovider -p no:asyncio \
    -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true "$@"
}

# They would be active in the run above, which loads all plugins there are.
install_plugins() {
  python -m pip install --quiet --group plugins
}

run_with_plugins() {
  PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 run_pytest tests/compat/plugins
}

python_style() {
  ruff check . && ruff format --check .
}

step "virtual environment" make_environment || finish
export PATH=$venv/bin:$PATH
hash -r
step "fasttest and what its tests need" install_fasttest || finish

step "style of the C++ code" cpp_format
step "style of the Python code" python_style
step "types" mypy
step "types of the extension module" stubtest fasttest._core

step "GoogleTest" find_googletest
export CMAKE_GENERATOR=Ninja
CTEST_PARALLEL_LEVEL=$(getconf _NPROCESSORS_ONLN)
export CTEST_PARALLEL_LEVEL
step "the C++ core" summarised '% tests passed' cmake --workflow --preset dev

step "the Python side and the examples" \
  summarised '^=+ .* in [0-9.]+s' run_pytest
step "other people's plugins" install_plugins &&
  step "suites that use them" summarised '^=+ .* in [0-9.]+s' run_with_plugins
finish

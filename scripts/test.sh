#!/usr/bin/env bash
# Every check, in the order in which it says something soonest. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

step() { printf '\n== %s\n' "$*"; }

step "environment"
make_environment dev
export PATH="$PWD/.venv/bin:$PATH"

step "format"
ruff format --check --quiet . || fail "files are not formatted" "run: .venv/bin/ruff format ."
step "lint"
ruff check --quiet . || fail "the linter found problems" "run: .venv/bin/ruff check --fix ."
step "import contracts"
lint-imports --no-logo 2>/dev/null || lint-imports
step "types"
mypy
step "portal"
if command -v node >/dev/null 2>&1; then
  scripts/portal.sh check
else
  say "SKIPPED: there is no Node, so the portal's lint, types and unit tests did not run"
fi
step "tests"
# A selection (`-k ...`) may leave one of the two runs without a test, which pytest ends with 5.
nothing_selected() { [ "$1" -eq 5 ] && [ "$2" -gt 0 ]; }
pytest --numprocesses=auto --dist=loadfile --ignore=tests/e2e --cov --cov-report= "$@" ||
  nothing_selected $? $#
step "end-to-end tests"
# By themselves, because whole platforms want the cores; two at a time, because they mostly wait.
pytest tests/e2e --numprocesses=2 --dist=loadfile --cov --cov-append --cov-report=term:skip-covered "$@" ||
  nothing_selected $? $#

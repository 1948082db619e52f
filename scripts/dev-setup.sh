#!/usr/bin/env bash
# Prepares a developer's machine: the environment with all tools.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh
make_environment dev
say "Ready. Checks: scripts/test.sh; one test: .venv/bin/pytest tests/kernel"

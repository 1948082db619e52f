#!/usr/bin/env bash
# Sets up and starts the platform on this machine; with --demo takes two applications to production.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

usage() {
  cat <<'TEXT'
Usage: scripts/quick-start.sh [--demo] [--approve] [--yes] [--data DIR] [--port N]

  --demo       take two example applications from git push to production
  --approve    approve in the demo as its two approvers, instead of waiting for you
  --yes        ask nothing; the administrator's password is generated and shown once
  --data DIR   keep everything in this folder (or set IDP_DATA)
  --port N     first port; 8600 by default
TEXT
}

# Without advisories the dependency scanner is incomplete, and approvers must accept that by name.
advisories=https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip
offer_advisories() {
  if .venv/bin/idp-cli security db status -o json | grep -q '"records": 0'; then
    printf 'Fetch the public advisories on Python packages (OSV, about 20 MB)? [y/N] '
    read -r answer
    if [ "$answer" = y ] || [ "$answer" = Y ]; then
      .venv/bin/idp-cli security db update "$advisories" ||
        say "Going on without advisories; idp-cli security db update $advisories tries again."
    fi
  fi
}

demo=no yes=no approve=() up=()
while [ $# -gt 0 ]; do
  case $1 in
    --demo) demo=yes ;;
    --approve) approve=(--approve) ;;
    --yes | -y) yes=yes ;;
    --data) [ $# -ge 2 ] || { usage >&2; exit 2; }; export IDP_DATA=$2; shift ;;
    --data=*) export IDP_DATA=${1#*=} ;;
    --port) [ $# -ge 2 ] || { usage >&2; exit 2; }; up+=(--port "$2"); shift ;;
    --port=*) up+=(--port "${1#*=}") ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
if [ -n "${IDP_DATA:-}" ]; then
  IDP_DATA=$(python3 -c 'import os, sys; print(os.path.abspath(os.path.expanduser(sys.argv[1])))' "$IDP_DATA")
  export IDP_DATA
fi

say "Preparing the environment"
make_environment --inexact scanners
if [ "$yes" = yes ]; then up+=(--yes); fi
.venv/bin/idp-cli up "${up[@]}"
if [ "$yes" = no ] && [ -t 0 ]; then offer_advisories; fi
if [ "$demo" = yes ]; then .venv/bin/idp-cli demo "${approve[@]}"; fi
say ""
say "The command line is $PWD/.venv/bin/idp-cli; begin with: idp-cli status, idp-cli apps"

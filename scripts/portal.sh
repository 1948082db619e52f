#!/usr/bin/env bash
# Builds or checks the portal. Takes Node from the PATH, else the one that PyPI has.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

built=src/idp/apps/hub/web/built

usage() {
  cat <<'TEXT'
Usage: scripts/portal.sh build | check

  build   make the files that the hub serves, unless they are current
  check   lint, types, unit tests, size of the first load
TEXT
}

# A Node that can build: 20.19 or newer. Sets PATH; fails when there is none to be had.
find_node() {
  if command -v npm >/dev/null 2>&1 && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null; then
    return
  fi
  local python uv environment=.cache/portal-environment
  python=$(find_python) || exit 9
  uv=$(find_uv "$python") || exit 9
  UV_PROJECT_ENVIRONMENT=$environment "$uv" sync --quiet --locked --python "$python" \
    --only-group portal >&2 ||
    fail "there is no Node 20.19 or newer, and none can be installed" \
      "apt-get install nodejs npm, or check that the Python package index is reachable"
  export PATH="$PWD/$environment/bin:$PATH"
}

# packages build|all: what the lock file says, once; `build` leaves out what only checks need.
packages() {
  local stamp=portal/node_modules/.stamp wanted
  wanted=$(cat portal/package-lock.json portal/package.json portal/.npmrc | sha256sum | cut -c1-64)
  if [ -f "$stamp" ] && grep -qx "$wanted all" "$stamp"; then return; fi
  if [ "$1" = build ] && [ -f "$stamp" ] && grep -qx "$wanted build" "$stamp"; then return; fi
  local omit=()
  if [ "$1" = build ]; then omit=(--omit=dev); fi
  (cd portal && npm ci --no-progress --loglevel=error "${omit[@]}" >&2) ||
    fail "the portal's packages cannot be installed" \
      "check that the npm registry is reachable (npm config get registry)"
  printf '%s %s\n' "$wanted" "$1" >"$stamp"
}

# What the build is made from, as one digest.
sources() {
  find portal -path '*/node_modules' -prune -o -type f -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum | sha256sum | cut -c1-64
}

build() {
  local now
  now=$(sources)
  if [ -f "$built/index.html" ] && [ "$(cat "$built/.sources" 2>/dev/null)" = "$now" ]; then
    return
  fi
  find_node
  packages build
  (cd portal && npm run --silent build >&2) ||
    fail "the portal cannot be built" "read the message above"
  printf '%s\n' "$now" >"$built/.sources"
}

case ${1:-} in
  build) build ;;
  check)
    find_node
    packages all
    (cd portal && npm run --silent check)
    build
    (cd portal && npm run --silent size)
    ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac

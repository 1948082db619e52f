# Makes `.venv` from the lock file. Sourced by the other scripts; needs Python >= 3.11 and nothing else.
#
# `uv` does the work. It is taken from the PATH, else from an environment of its own that Python's
# `venv` makes in `.cache/`, so nothing is installed on the machine.

say() { printf '%s\n' "$*"; }

fail() {
  printf 'Error: %s\nNext:  %s\n' "$1" "$2" >&2
  exit 9
}

find_python() {
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      # The interpreter itself, not a shim before it (pyenv, asdf): uv takes an environment that was
      # made with another path for one of another Python, and makes it anew at every start.
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  fail "there is no Python 3.11 or newer" \
    "install it: apt-get install python3 python3-venv (Debian 12, Ubuntu 24.04 and newer)"
}

find_uv() {
  if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    command -v uv
    return
  fi
  local folder=.cache/uv-environment
  if [ ! -x "$folder/bin/uv" ]; then
    rm -rf "$folder"
    "$1" -m venv "$folder" >/dev/null 2>&1 ||
      fail "Python cannot make a virtual environment" "install it: apt-get install python3-venv"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv >&2 ||
      fail "uv cannot be installed" "check that the Python package index is reachable (pip config)"
  fi
  printf '%s\n' "$PWD/$folder/bin/uv"
}

# make_environment [--inexact] GROUPS...: `.venv` as the lock says, with these dependency groups;
# inexact: what else is installed there stays.
make_environment() {
  command -v git >/dev/null 2>&1 || fail "Git is not installed" "install it: apt-get install git"
  local python uv group arguments=()
  python=$(find_python) || exit 9
  uv=$(find_uv "$python") || exit 9
  for group in "$@"; do
    case $group in
      --*) arguments+=("$group") ;;
      *) arguments+=(--group "$group") ;;
    esac
  done
  # Compiled now: else every process of the platform compiles what it imports at each start where
  # Python may not write its cache (PYTHONDONTWRITEBYTECODE, a read-only clone).
  "$uv" sync --quiet --locked --no-default-groups --compile-bytecode --python "$python" \
    "${arguments[@]}" ||
    fail "the environment cannot be made from uv.lock" \
      "read the message above; a network or a package mirror is needed the first time"
  .venv/bin/python -m compileall -q -j 0 src
}

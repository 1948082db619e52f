"""Run a command inside a running container: `python -I -S enter.py PID FILTER COMMAND...`.

A program of its own, with nothing but the standard library: a process that changes its namespaces
must have one thread and no business with the platform. `nsenter` cannot do this: bubblewrap nests
two user namespaces, the outer one owns the other namespaces, and only in the inner one does the
container have its user. So: enter the outer one, the namespaces that it owns, then the inner one;
give up every capability; take on the container's variables, folder and system call filter
(`FILTER`, hexadecimal, empty for none); become the command.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import sys

_NS_GET_USERNS = 0xB701
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 24, 38, 22
_SECCOMP_MODE_FILTER = 2
_LAST_CAPABILITY = 63
_NOT_FOUND = 127

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def _namespaces(pid: str) -> list[int]:
    """Descriptors of the namespaces to enter, in order, without those that are ours anyway."""
    found = {kind: os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in ("mnt", "user")}
    outer_user = fcntl.ioctl(found["mnt"], _NS_GET_USERNS)
    others = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in ("ipc", "uts", "pid")]
    result: list[int] = []
    own = (f"/proc/self/ns/{kind}" for kind in ("user", "ipc", "uts", "pid", "mnt"))
    seen = {os.stat(path).st_ino for path in own}  # noqa: PTH116 - pathlib is slow to import
    for descriptor in (outer_user, *others, found["mnt"], found["user"]):
        number = os.fstat(descriptor).st_ino
        if number not in seen:
            seen.add(number)
            result.append(descriptor)
    return result


def _call(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def _give_up_rights(program: bytes) -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if program:
        filter = _Filter(len(program) // 8, program)
        _call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter), 0, 0)


def main(pid: str, program: bytes, command: list[str]) -> int:
    """Enter and run; gives the command's exit code."""
    with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
        pairs = [item.partition(b"=") for item in file.read().split(b"\0") if item]
    environment = {name: value for name, _, value in pairs}
    folder = os.open(f"/proc/{pid}/cwd", os.O_PATH | os.O_DIRECTORY)
    for descriptor in _namespaces(pid):
        _call("setns", descriptor, 0)
    child = os.fork()  # a PID namespace is entered by children only
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256
    try:
        os.fchdir(folder)
        _give_up_rights(program)
        os.execvpe(command[0], command, environment)  # noqa: S606
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
    os._exit(_NOT_FOUND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], bytes.fromhex(sys.argv[2]), sys.argv[3:]))

"""This machine as Windows would look to the harness; every Python that finds this folder in PYTHONPATH runs it.

What only POSIX or Linux has is hidden from modules of the harness alone: other libraries, and the standard library, are
made for this system. Disks refuse what NTFS refuses, and two names in a folder that differ in case only; a file that is
open cannot be replaced or deleted. Nothing happens unless `HARNESS_TEST_DESK` is `masked`.
"""

import builtins
import errno
import os
import re
import sys
from types import ModuleType
from typing import Any

POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}

_OS = """
fork forkpty killpg setpgid setsid getpgid getpgrp nice getloadavg wait wait3 wait4 waitid uname getuid geteuid getgid
getegid getgroups chown lchown chroot mkfifo mknod statvfs fstatvfs sendfile sysconf confstr pathconf sync ctermid
sched_getaffinity sched_setaffinity sched_yield pread pwrite openpty ttyname O_NONBLOCK O_NOCTTY O_DIRECTORY O_NOFOLLOW
O_CLOEXEC O_TMPFILE O_SYNC WNOHANG
"""

_SIGNAL = """
SIGKILL SIGHUP SIGQUIT SIGPIPE SIGALRM SIGCHLD SIGSTOP SIGCONT SIGUSR1 SIGUSR2 SIGTSTP SIGTTIN SIGTTOU SIGWINCH
SIG_BLOCK SIG_SETMASK SIG_UNBLOCK pthread_sigmask pthread_kill alarm setitimer sigwait siginterrupt pause
"""

POSIX_NAMES = {
    "os": {*_OS.split()},
    "signal": {*_SIGNAL.split()},
    "time": {"tzset", "clock_gettime", "clock_settime", "pthread_getcpuclockid"},
    "multiprocessing": {"forkserver", "popen_fork", "popen_forkserver"},
}

FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)
"""What names NTFS and Windows refuse."""

SYSTEM = ("/proc", "/sys", "/dev")


class Masked(ModuleType):
    """A module without some of its names; what is changed here is changed there."""

    def __init__(self, module: ModuleType, hidden: set[str]) -> None:
        super().__init__(module.__name__)
        object.__setattr__(self, "_module", module)
        object.__setattr__(self, "_hidden", hidden)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Masked
        if name in object.__getattribute__(self, "_hidden"):
            raise AttributeError(f"module {object.__getattribute__(self, '_module').__name__!r} has no {name!r} here")
        if name == "get_all_start_methods":
            return lambda: ["spawn"]
        return getattr(object.__getattribute__(self, "_module"), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(object.__getattribute__(self, "_module"), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(object.__getattribute__(self, "_module"), name)


real_import = builtins.__import__


def masked_import(
    name: str,
    globals: Any = None,  # noqa: A002 - the names that Python gives them
    locals: Any = None,  # noqa: A002
    fromlist: Any = (),
    level: int = 0,
) -> Any:
    """What `import` does, for the harness on another desk."""
    if level or not of_harness(globals):
        return real_import(name, globals, locals, fromlist, level)
    top = name.partition(".")[0]
    if top in POSIX_MODULES:
        raise ModuleNotFoundError(f"No module named {top!r} here", name=top)
    found = real_import(name, globals, locals, fromlist, level)
    hidden = POSIX_NAMES.get(name if fromlist else top)
    return found if hidden is None else Masked(found, hidden)


def of_harness(namespace: Any) -> bool:
    """Whether these are the names of one of its modules."""
    named = (namespace or {}).get("__name__"), (namespace or {}).get("__package__")
    return any(isinstance(one, str) and one.partition(".")[0] == "harness" for one in named)


def asked_by_harness() -> bool:
    """Whether it is the harness that opens, renames or deletes, if by way of `pathlib`."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("pathlib", "contextlib"):
        frame = frame.f_back
    return frame is not None and of_harness(frame.f_globals)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what another desk would refuse; called before each thing that Python does to files."""
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, str | bytes) and os.fsdecode(path).startswith(("/proc", "/sys/")) and asked_by_harness():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if flags & os.O_CREAT:
            refuse_name(path)
    elif event == "os.mkdir":
        refuse_name(arguments[0])
    elif event == "os.rename":
        refuse_name(arguments[1])
        if asked_by_harness():
            refuse_open(arguments[1])
    elif event == "os.remove" and asked_by_harness():
        refuse_open(arguments[0])


def refuse_name(path: Any) -> None:
    if not isinstance(path, str | bytes | os.PathLike):
        return
    folder, name = os.path.split(os.fsdecode(path).rstrip("/"))
    if os.path.abspath(folder or ".").startswith(SYSTEM) or os.path.lexists(path):
        return
    if FORBIDDEN.search(name):
        raise OSError(errno.EINVAL, "The filename, directory name, or volume label syntax is incorrect", path)
    try:
        beside = os.listdir(folder or ".")
    except OSError:
        return
    if any(one.casefold() == name.casefold() for one in beside):
        raise OSError(errno.EINVAL, f"another desk would take this for one of {beside} that differs in case", path)


def refuse_open(path: Any) -> None:
    real = os.path.realpath(os.fsdecode(path))
    with real_open("/proc/self/maps") as lines:
        mapped = any(line.rstrip("\n").endswith(f" {real}") for line in lines)
    if mapped or real in map(readlink, os.listdir("/proc/self/fd")):
        raise PermissionError(errno.EACCES, "The process cannot access the file because it is being used", path)


def readlink(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


real_open = open

if os.environ.get("HARNESS_TEST_DESK") == "masked":
    builtins.__import__ = masked_import
    sys.addaudithook(watch)

"""Which calls do what, by the names under which what is called is known."""

from __future__ import annotations

from fasttest.isolation.analysis.model import Category, Effect
from fasttest.isolation.process_state import Kind

_OWN_STATE = {
    Category.DIRECTORY: ("os.chdir", "contextlib.chdir"),
    Category.PATCH: (
        "unittest.mock.patch",
        "unittest.mock.patch.object",
        "unittest.mock.patch.multiple",
        "unittest.mock.patch.dict",
        "_pytest.monkeypatch.MonkeyPatch",
        "_pytest.monkeypatch.MonkeyPatch.context",
    ),
    Category.PROCESS: (
        "warnings.catch_warnings",
        "warnings.filterwarnings",
        "warnings.simplefilter",
        "pytest.warns",
        "pytest.deprecated_call",
        "contextlib.redirect_stdout",
        "contextlib.redirect_stderr",
        "asyncio.set_event_loop_policy",
        "locale.setlocale",
        "random.seed",
        "random.setstate",
        "numpy.random.seed",
        "numpy.random.set_state",
    ),
}

_EVERYBODYS = (
    "os.fork",
    "os.nice",
    "os.putenv",
    "os.umask",
    "os.unsetenv",
    "resource.setrlimit",
    "signal.alarm",
    "signal.setitimer",
    "signal.signal",
    "socket.setdefaulttimeout",
    "sys.setrecursionlimit",
    "time.tzset",
)

_BLOCKING = (
    "os.system",
    "os.waitpid",
    "socket.create_connection",
    "subprocess.Popen.communicate",
    "subprocess.Popen.wait",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "subprocess.run",
    "threading.Condition.wait",
    "threading.Event.wait",
    "threading.Thread.join",
    "time.sleep",
    "urllib.request.urlopen",
    *(
        f"{owner}.{verb}"
        for owner in ("requests", "requests.api", "requests.sessions.Session")
        for verb in ("delete", "get", "head", "options", "patch", "post", "put")
    ),
    *(
        f"{owner}.{verb}"
        for owner in ("httpx", "httpx._api", "httpx.Client", "httpx._client.Client")
        for verb in ("delete", "get", "head", "options", "patch", "post", "put")
    ),
    "requests.request",
    "requests.api.request",
)

_COMPUTING = (
    "bcrypt.checkpw",
    "bcrypt.hashpw",
    "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key",
    "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key",
    "hashlib.pbkdf2_hmac",
    "_hashlib.pbkdf2_hmac",
    "hashlib.scrypt",
    "_hashlib.scrypt",
)

CALLS: dict[str, tuple[Category, Effect]] = {
    **{
        name: (category, Effect.OWN)
        for category, names in _OWN_STATE.items()
        for name in names
    },
    **dict.fromkeys(_EVERYBODYS, (Category.PROCESS, Effect.ALONE)),
    **dict.fromkeys(_BLOCKING, (Category.BLOCKING, Effect.HOLDS_UP)),
    **dict.fromkeys(_COMPUTING, (Category.COMPUTING, Effect.COMPUTES)),
}
"""What a call of these does."""

STATE_OF: dict[str, str] = {
    "logging.basicConfig": "logging configuration",
    "logging.config.dictConfig": "logging configuration",
    "logging.config.fileConfig": "logging configuration",
    "logging.disable": "logging configuration",
}
"""Calls which change something that has one name for the whole process."""

STATE_OF_METHOD = {
    "add_signal_handler": "signal handlers of event loops",
    "remove_signal_handler": "signal handlers of event loops",
}
"""Methods which change such a thing, whatever object has them."""

CATEGORY_OF_KIND: dict[Kind | None, Category] = {
    **dict.fromkeys((None, *Kind), Category.PROCESS),
    Kind.PATCHES: Category.PATCH,
    Kind.ENVIRONMENT: Category.ENVIRONMENT,
    Kind.DIRECTORY: Category.DIRECTORY,
}
"""What a line has to do with that changes a kind of the process's state."""

PATCHING_METHODS = {
    "setenv": Category.ENVIRONMENT,
    "delenv": Category.ENVIRONMENT,
    "chdir": Category.DIRECTORY,
}
"""The methods of ``monkeypatch`` which do not patch."""

# Changes of containers.

CHANGING_METHODS = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "extendleft",
        "insert",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    }
)
"""Methods by which a list, set, dictionary or deque is changed."""

MANY_TIMES = 1_000_000
"""A loop over a range so long computes."""

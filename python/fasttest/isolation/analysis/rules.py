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
    ),
}

_EVERYBODYS = (
    "asyncio.set_event_loop_policy",
    "locale.setlocale",
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
    "random.seed": "state of random",
    "random.Random.seed": "state of random",
    "numpy.random.seed": "state of numpy.random",
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

PATCHING_LIBRARIES = frozenset(
    {
        "aioresponses",
        "freezegun",
        "httpretty",
        "moto",
        "pook",
        "pytest_socket",
        "requests_mock",
        "respx",
        "responses",
        "time_machine",
        "vcr",
    }
)
"""Libraries of which each call patches the process for everybody."""

# Files.

WRITING_FUNCTIONS: dict[str, tuple[int, ...]] = {
    "aiofiles.os.makedirs": (0,),
    "aiofiles.os.mkdir": (0,),
    "aiofiles.os.remove": (0,),
    "os.makedirs": (0,),
    "os.mkdir": (0,),
    "os.mkfifo": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.replace": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.unlink": (0,),
    "shutil.copy": (1,),
    "shutil.copy2": (1,),
    "shutil.copyfile": (1,),
    "shutil.copytree": (1,),
    "shutil.move": (0, 1),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
    "_sqlite3.connect": (0,),
    "aiosqlite.connect": (0,),
    "aiosqlite.core.connect": (0,),
}
"""Functions that write, and the positions of the paths which they change."""

OPENING = frozenset({"builtins.open", "io.open", "aiofiles.open", "codecs.open"})
WRITING_METHODS = frozenset(
    {
        "mkdir",
        "rename",
        "replace",
        "rmdir",
        "symlink_to",
        "touch",
        "unlink",
        "write_bytes",
        "write_text",
    }
)
"""Methods of a path that change what is there."""

# Ports.

SERVING: dict[str, int | None] = {
    "HTTPServer": None,
    "TCPServer": None,
    "TCPSite": 2,
    "ThreadingHTTPServer": None,
    "ThreadingTCPServer": None,
    "UDPServer": None,
    "bind": None,
    "create_datagram_endpoint": None,
    "create_server": 2,
    "listen": None,  # a number alone is a backlog, more often than not
    "make_server": 1,
    "run_app": None,
    "serve": 2,
    "start_server": 2,
}
"""Calls which listen, by last name, and the position of their port."""

PORT_KEYWORDS = frozenset({"port", "local_addr", "address", "server_address"})

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

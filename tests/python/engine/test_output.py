"""What is printed goes to the test that printed it, by whatever way it comes."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import sys
import threading
from typing import TYPE_CHECKING, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttest.engine.output import RoutedStream, Sink, current_sink, routed_output

if TYPE_CHECKING:
    from collections.abc import Callable


def in_sink(sink: Sink, function: Callable[..., object], *args: object) -> None:
    """Call a function as a test does whose sink this is."""

    def call() -> None:
        current_sink.set(sink)
        function(*args)

    contextvars.copy_context().run(call)


def test_what_was_written_since_a_position_is_not_forgotten() -> None:
    """It is the set-up's of others, and the test's own as well."""
    sink = Sink()
    sink.write("stdout", "before ")
    position = sink.position()
    sink.write("stdout", "after ")
    sink.write("stdout", "that")
    sink.write("stderr", "wrong")
    assert sink.since(position) == {"stdout": "after that", "stderr": "wrong"}
    assert sink.since(sink.position()) == {}
    assert sink.take() == {"stdout": "before after that", "stderr": "wrong"}


def process_output() -> io.TextIOWrapper:
    """A stream like the process's own, over bytes in memory."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def written(stream: io.TextIOWrapper) -> str:
    """What was written to such a stream."""
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@pytest.fixture
def process() -> io.TextIOWrapper:
    """What stands for the process's standard output."""
    return process_output()


WRITES = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=3),
        st.sampled_from(["stdout", "stderr"]),
        st.sampled_from(["text", "lines", "bytes", "print"]),
        st.text(st.characters(codec="utf-8"), max_size=5),
    )
)


def write(name: str, how: str, text: str) -> None:
    """Write to a standard stream in one of the ways there are."""
    stream: TextIO = getattr(sys, name)
    if how == "text":
        stream.write(text)
    elif how == "lines":
        stream.writelines([text[:2], text[2:]])
    elif how == "bytes":
        stream.buffer.write(text.encode())
    else:
        print(text, end="", file=stream)


@given(WRITES)
def test_each_has_all_it_wrote_in_order_and_nothing_else(
    writes: list[tuple[int, str, str, str]],
) -> None:
    """However the writes of tests alternate, and however they are made."""
    sinks = [Sink() for _ in range(4)]
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
        routed_output(),
    ):
        for test, name, how, text in writes:
            in_sink(sinks[test], write, name, how, text)
    for test, sink in enumerate(sinks):
        taken = sink.take()
        for name in ("stdout", "stderr"):
            wrote = [text for t, n, _, text in writes if (t, n) == (test, name)]
            assert taken.get(name, "") == "".join(wrote)
    assert (out.getvalue(), err.getvalue()) == ("", "")


def test_what_was_taken_is_gone() -> None:
    """Each phase of a test has a section of its own."""
    sink = Sink()
    sink.write("stdout", "set-up")
    assert sink.take() == {"stdout": "set-up"}
    sink.write("stdout", "call")
    assert sink.take() == {"stdout": "call"}
    assert sink.take() == {}


def test_outside_a_test_everything_goes_where_it_went(
    process: io.TextIOWrapper,
) -> None:
    """Reports of the run, and what a plugin prints, are no test's."""
    with contextlib.redirect_stdout(process), routed_output():
        sys.stdout.write("text ")
        sys.stdout.buffer.write(b"bytes")
        sys.stdout.flush()
    assert written(process) == "text bytes"


async def _of_two_tasks() -> None:
    await asyncio.gather(asyncio.to_thread(print, "thread", end=" "), _print_later())
    print("end")


async def _print_later() -> None:
    await asyncio.sleep(0)
    print("task", end=" ")


def test_tasks_and_worker_threads_belong_to_their_test() -> None:
    """They run in copies of the context of the test that started them."""
    first, second = Sink(), Sink()
    with routed_output():
        in_sink(first, lambda: asyncio.run(_of_two_tasks()))
        in_sink(second, lambda: asyncio.run(_print_later()))
    assert sorted(first.take()["stdout"].split()) == ["end", "task", "thread"]
    assert second.take() == {"stdout": "task "}


def test_a_bare_thread_writes_past_the_tests(process: io.TextIOWrapper) -> None:
    """It has no context of a test, and nothing says whose it is."""
    sink = Sink()

    def start_thread() -> None:
        thread = threading.Thread(target=print, args=("thread",))
        thread.start()
        thread.join()

    with contextlib.redirect_stdout(process), routed_output():
        in_sink(sink, start_thread)
    assert sink.take() == {}
    assert written(process) == "thread\n"


def test_bytes_of_any_kind_are_shown() -> None:
    """A test may write what is no text at all."""
    sink = Sink()
    with routed_output():
        in_sink(sink, lambda: sys.stdout.buffer.write(memoryview(b"a\xff")))
    assert sink.take() == {"stdout": "a\N{REPLACEMENT CHARACTER}"}


def test_closing_a_standard_stream_is_harmless(process: io.TextIOWrapper) -> None:
    """A test that closes it, or the wrapper it made round it, must not end the run."""
    sink = Sink()

    def close() -> None:
        io.TextIOWrapper(sys.stdout.buffer).close()
        sys.stdout.buffer.close()
        sys.stdout.close()
        print("still here")

    with contextlib.redirect_stdout(process), routed_output():
        in_sink(sink, close)
    assert sink.take() == {"stdout": "still here\n"}
    assert not process.closed


def test_only_text_can_be_written() -> None:
    """As to any text stream; the error is the test's, where it makes the mistake."""
    stream = RoutedStream("stdout", process_output())
    with pytest.raises(TypeError, match="must be str, not bytes"):
        stream.write(b"bytes")  # type: ignore[arg-type]


def test_questions_are_answered_by_the_stream_stood_for(
    process: io.TextIOWrapper,
) -> None:
    """Colours, widths and child processes depend on what is behind it."""
    with contextlib.redirect_stdout(process), routed_output():
        stream = sys.stdout
        assert stream.encoding == "utf-8"
        assert stream.errors == process.errors
        assert stream.isatty() is False
        assert stream.writable()
        with pytest.raises(io.UnsupportedOperation):
            stream.fileno()


def test_the_streams_are_put_back(process: io.TextIOWrapper) -> None:
    """Also when what was done meanwhile failed."""
    with contextlib.redirect_stdout(process):
        with contextlib.suppress(ValueError), routed_output():
            assert isinstance(sys.stdout, RoutedStream)
            raise ValueError
        assert sys.stdout is process


def test_what_replaced_a_stream_meanwhile_stays(process: io.TextIOWrapper) -> None:
    """Somebody put it there for longer than the run; pytest leaves it as well."""
    replacement = io.StringIO()
    with contextlib.redirect_stdout(process):
        with routed_output():
            sys.stdout = replacement
        assert sys.stdout is replacement

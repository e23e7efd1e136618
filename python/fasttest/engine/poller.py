"""What the hub waits with: descriptors of parked strands, and a way to be woken."""

from __future__ import annotations

import contextlib
import math
import select
import selectors
import socket
from typing import Protocol

# Taken at import: while a hub runs, ``selectors.DefaultSelector`` is the hub's own.
_PlatformSelector = selectors.DefaultSelector


class Poller(Protocol):
    """A set of descriptors, each reported at most once after it was armed."""

    def arm(self, descriptor: int) -> None:
        """Report the descriptor as soon as it can be read, also if it can already."""

    def disarm(self, descriptor: int) -> None:
        """The descriptor need not be reported any more (it still may be)."""

    def forget(self, descriptor: int) -> None:
        """The descriptor is about to be closed."""

    def poll(self, timeout: float | None) -> list[int]:
        """Wait at least ``timeout`` seconds (None: for ever) for any descriptor."""

    def wake(self) -> None:
        """Make the present or the next ``poll`` return; from any thread or handler."""

    def close(self) -> None:
        """Release all descriptors of the poller."""


class _Wakeable:
    """The socket pair that ends a wait; one end is among the waited-for."""

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        # Kept as a number because a test may patch ``socket.socket``.
        self._wake_descriptor = self._woken.fileno()

    def wake(self) -> None:
        """As of any poller."""
        # A full socket wakes as well as one more byte would; a closed one is of a hub
        # that has stopped.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    def close(self) -> None:
        """As of any poller."""
        self._woken.close()
        self._waker.close()


class EpollPoller(_Wakeable):
    """Linux: one system call to arm, none to disarm.

    A one-shot registration reports once and then stays in the set, silent, until it
    is armed again. So a loop whose strand computes cannot keep the hub spinning.
    """

    def __init__(self) -> None:
        super().__init__()
        self._epoll = select.epoll()
        self._epoll.register(self._wake_descriptor, select.EPOLLIN)
        self._known: set[int] = set()

    def arm(self, descriptor: int) -> None:
        """As of any poller."""
        flags = select.EPOLLIN | select.EPOLLONESHOT
        if descriptor in self._known:
            try:
                self._epoll.modify(descriptor, flags)
            except FileNotFoundError:
                # Closed behind our back, which removed it, and used again since.
                self._epoll.register(descriptor, flags)
        else:
            self._epoll.register(descriptor, flags)
            self._known.add(descriptor)

    def disarm(self, descriptor: int) -> None:
        """As of any poller; it may be reported once more, which does no harm."""

    def forget(self, descriptor: int) -> None:
        """As of any poller."""
        if descriptor in self._known:
            self._known.remove(descriptor)
            # Closing removes it only if no forked child holds a copy.
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)

    def poll(self, timeout: float | None) -> list[int]:
        """As of any poller."""
        # epoll counts in milliseconds: round up, a timer must not be early.
        seconds = -1.0 if timeout is None else math.ceil(timeout * 1e3) * 1e-3
        found = [descriptor for descriptor, _ in self._epoll.poll(seconds)]
        if self._wake_descriptor in found:
            found.remove(self._wake_descriptor)
            self._drain()
        return found

    def close(self) -> None:
        """As of any poller."""
        self._epoll.close()
        super().close()


class PortablePoller(_Wakeable):
    """Any platform: what the standard library considers best there."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _PlatformSelector()
        self._selector.register(self._wake_descriptor, selectors.EVENT_READ)

    def arm(self, descriptor: int) -> None:
        """As of any poller."""
        self._selector.register(descriptor, selectors.EVENT_READ)

    def disarm(self, descriptor: int) -> None:
        """As of any poller."""
        self.forget(descriptor)

    def forget(self, descriptor: int) -> None:
        """As of any poller."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(descriptor)

    def poll(self, timeout: float | None) -> list[int]:
        """As of any poller."""
        found = [key.fd for key, _ in self._selector.select(timeout)]
        if self._wake_descriptor in found:
            found.remove(self._wake_descriptor)
            self._drain()
        for descriptor in found:
            self._selector.unregister(descriptor)
        return found

    def close(self) -> None:
        """As of any poller."""
        self._selector.close()
        super().close()


def make_poller() -> Poller:
    """The best poller of this platform."""
    return EpollPoller() if hasattr(select, "epoll") else PortablePoller()

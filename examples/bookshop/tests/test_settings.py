"""Settings from the environment, which all tests share: these run alone."""

import pytest
from bookshop.settings import Settings


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any variable the shop is where it usually is."""
    monkeypatch.delenv("BOOKSHOP_PORT", raising=False)
    monkeypatch.delenv("BOOKSHOP_ATTEMPTS", raising=False)
    assert Settings.from_environment() == Settings(port=7323, attempts=3)


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable is read on its own."""
    monkeypatch.setenv("BOOKSHOP_PORT", "1234")
    monkeypatch.setenv("BOOKSHOP_ATTEMPTS", "5")
    assert Settings.from_environment() == Settings(port=1234, attempts=5)


def test_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip is found at the start and not at the first request."""
    monkeypatch.setenv("BOOKSHOP_PORT", "seven")
    with pytest.raises(ValueError, match="seven"):
        Settings.from_environment()

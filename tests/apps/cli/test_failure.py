from __future__ import annotations

import pytest

from idp.apps.cli.failure import EXIT_CODES, exit_code, show
from idp.kernel.errors import (
    Cause,
    Conflict,
    IdpError,
    Invalid,
    NotFound,
    Unavailable,
    from_kubernetes_status,
)


def test_scripts_can_tell_errors_apart() -> None:
    assert (exit_code(NotFound("x")), exit_code(Unavailable("x"))) == (3, 6)
    assert exit_code(Invalid("x")) == exit_code(IdpError("x")) == 1
    assert not {0, 2, 130} & set(EXIT_CODES.values())


def test_what_why_and_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    show(Invalid("it is wrong", causes=[Cause("spec.x", "unknown")], remedy="Do `y`."))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["Error: it is wrong", "  spec.x: unknown", "Next:  Do `y`."]


def test_the_remedy_of_a_server_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    answered = Conflict("changed", remedy="Try again.").as_kubernetes_status()
    show(from_kubernetes_status(answered))
    assert "Next:  Try again." in capsys.readouterr().err

from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel import errors
from idp.kernel.errors import (
    Cause,
    Conflict,
    Forbidden,
    Gone,
    IdpError,
    Invalid,
    InvalidInput,
    NotFound,
    Unavailable,
    from_kubernetes_status,
)

ANSWERED = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, IdpError) and cls.code not in ("InternalError",)
]
OURS = ("VerificationFailed", "MissingPrerequisite")


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = NotFound('pods "p" not found', remedy="Create it.", details={"name": "p"})
    assert str(error) == error.message == 'pods "p" not found'
    assert (error.remedy, error.code, error.status, error.retryable) == (
        "Create it.",
        "NotFound",
        404,
        False,
    )


def test_it_renders_as_a_kubernetes_status() -> None:
    causes = [Cause("spec.replicas", "must be positive")]
    status = Invalid("bad", causes=causes, details={"name": "x"}).as_kubernetes_status()
    assert status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "bad",
        "reason": "Invalid",
        "code": 422,
        "details": {
            "name": "x",
            "causes": [
                {
                    "reason": "FieldValueInvalid",
                    "message": "must be positive",
                    "field": "spec.replicas",
                }
            ],
        },
    }


def test_a_status_without_details_has_none() -> None:
    assert "details" not in Forbidden("no").as_kubernetes_status()


@pytest.mark.parametrize("cls", [c for c in ANSWERED if c.code not in OURS])
def test_the_class_survives_the_api(cls: type[IdpError]) -> None:
    error = cls("why", causes=[Cause("a.b", "c", "FieldValueRequired")], details={"kind": "pods"})
    back = from_kubernetes_status(error.as_kubernetes_status())
    assert type(back) is cls
    assert (back.message, back.causes, back.details) == ("why", error.causes, {"kind": "pods"})


@pytest.mark.parametrize(
    ("body", "cls"),
    [
        ({"reason": "Gone", "code": 410}, Gone),
        ({"reason": "Strange", "code": 409}, Conflict),
        ({"code": 404}, NotFound),
        ({"code": 418}, InvalidInput),
        ({"code": 502}, Unavailable),
        ({"reason": "InternalError", "code": 500}, Unavailable),
        ({}, Unavailable),
        ({"reason": None, "code": None, "message": None, "details": None}, Unavailable),
    ],
)
def test_what_others_answer_is_understood(body: dict[str, object], cls: type[IdpError]) -> None:
    error = from_kubernetes_status(body)
    assert type(error) is cls
    assert error.message


def test_only_what_may_pass_by_itself_is_retryable() -> None:
    assert {cls.__name__ for cls in ANSWERED if cls.retryable} == {
        "Conflict",
        "Gone",
        "TooManyRequests",
        "Unavailable",
        "DeadlineExceeded",
    }


@given(st.text(), st.text(), st.text())
def test_any_text_survives(message: str, field: str, why: str) -> None:
    error = Invalid(message or "x", causes=[Cause(field, why)])
    back = from_kubernetes_status(error.as_kubernetes_status())
    assert (back.message, back.causes) == (error.message, error.causes)

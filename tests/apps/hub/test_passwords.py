from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.apps.hub.passwords import (
    MINIMUM_LENGTH,
    check_password,
    check_user_name,
    generate_password,
    password_problems,
)
from idp.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "5 characters"),
        ("x" * 201, "more than 200"),
        ("password123456", "common word"),
        ("Administrator1!", "common word"),
        ("maya1234567890", "user's name"),
        ("aaaaaaaaaaaaaaaa", "different characters"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, problem: str) -> None:
    assert any(problem in found for found in password_problems("maya", password))
    with pytest.raises(Invalid) as raised:
        check_password("maya", password)
    assert password not in str(raised.value) + str(raised.value.remedy)


def test_a_long_unguessable_password_will_do() -> None:
    assert password_problems("maya", "correct horse battery") == []


def test_generated_passwords_follow_the_rules_and_differ() -> None:
    passwords = {generate_password() for _ in range(200)}
    assert len(passwords) == 200
    assert not [password for password in passwords if password_problems("admin", password)]


@given(st.text(max_size=40))
def test_short_passwords_never_pass(password: str) -> None:
    if len(password) < MINIMUM_LENGTH:
        assert password_problems("admin", password)


@pytest.mark.parametrize(
    "name", ["", "Maya", "1maya", "ma ya", "ma/ya", "ma:ya", "../x", "é", "instance.uat"]
)
def test_names_that_cannot_stand_in_paths_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_user_name(name)


@pytest.mark.parametrize("name", ["maya", "maya.k", "m-1"])
def test_plain_names_will_do(name: str) -> None:
    check_user_name(name)

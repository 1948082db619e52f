"""Tokens of the next page: bound to their list and to the process that gave them."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.embedded.apiserver.verbs.continue_tokens import ContinueTokens, Start
from idp.kernel.errors import InvalidInput

LISTED = ("/configmaps", "default")
START = Start(7, ("default", "b"))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode()


def test_a_token_says_where_its_own_list_goes_on() -> None:
    tokens = ContinueTokens()
    assert tokens.read(LISTED, tokens.write(LISTED, START)) == START


@pytest.mark.parametrize(
    "listed", [("/secrets", "default"), ("/configmaps", "kube-system"), ("/configmaps", "")]
)
def test_a_token_proves_nothing_of_another_list(listed: tuple[str, str]) -> None:
    tokens = ContinueTokens()
    assert not tokens.read(listed, tokens.write(LISTED, START)).proved


def test_a_token_of_another_process_proves_nothing() -> None:
    assert not ContinueTokens().read(LISTED, ContinueTokens().write(LISTED, START)).proved


@pytest.mark.parametrize("change", [{"rv": 6}, {"start": "default/a"}, {"start": "other/b"}])
def test_a_changed_token_proves_nothing(change: dict[str, object]) -> None:
    tokens = ContinueTokens()
    token = tokens.write(LISTED, START)
    said = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert tokens.read(LISTED, encoded(said)).proved
    assert not tokens.read(LISTED, encoded(said | change)).proved


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        7,
        {"rv": "7", "start": "a/b", "code": ""},
        {"rv": 7, "start": 1, "code": ""},
        {"rv": 7, "start": "a/b", "code": None},
        {"rv": True, "start": "a/b", "code": ""},
    ],
)
def test_other_json_is_no_token(value: object) -> None:
    with pytest.raises(InvalidInput, match="invalid continue token"):
        ContinueTokens().read(LISTED, encoded(value))


@given(st.text())
def test_nonsense_is_no_token(text: str) -> None:
    with pytest.raises(InvalidInput, match="invalid continue token"):
        ContinueTokens().read(LISTED, text)

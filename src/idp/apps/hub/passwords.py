"""The rules for passwords. Pure.

Length and a list of the most guessed words instead of character classes, as NIST SP 800-63B
section 5.1.1.2 advises.
"""

from __future__ import annotations

import re
import secrets

from idp.kernel.access import INSTANCE_PREFIX
from idp.kernel.errors import Cause, Invalid

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 200
RULES = (
    f"at least {MINIMUM_LENGTH} characters",
    "not the user's name, and no common word or pattern followed only by digits",
    "at least 5 different characters",
)
_COMMON = frozenset(
    (
        *("password", "passwort", "administrator", "welcome", "letmein", "changeme", "secret"),
        *("qwerty", "qwertyuiop", "iloveyou", "monkey", "dragon", "abcdefgh", "default"),
        *("development", "production", "platform"),
    )
)
_USER_NAME = re.compile(r"^[a-z][-a-z0-9.]{0,62}$")


def password_problems(name: str, password: str) -> list[str]:
    """Which rules a password breaks; empty when it will do."""
    problems = []
    if len(password) < MINIMUM_LENGTH:
        problems.append(f"it has {len(password)} characters, {MINIMUM_LENGTH} are needed")
    if len(password) > MAXIMUM_LENGTH:
        problems.append(f"it has more than {MAXIMUM_LENGTH} characters")
    word = password.lower().rstrip("0123456789!.$?*#-_")
    if word in _COMMON or word == name.lower():
        problems.append("it is a common word or the user's name")
    if len(set(password)) < 5:
        problems.append("it has fewer than 5 different characters")
    return problems


def check_password(name: str, password: str) -> None:
    """Demand a password that will do.

    Raises:
        Invalid: Names each rule that it breaks.
    """
    if problems := password_problems(name, password):
        raise Invalid(
            "the password will not do: " + "; ".join(problems),
            causes=[Cause("password", problem) for problem in problems],
            remedy="Choose another one: " + ", ".join(RULES) + ".",
        )


def check_user_name(name: str) -> None:
    """Demand a user name that can stand in certificates, paths and Git.

    Raises:
        Invalid: It cannot.
    """
    if not _USER_NAME.match(name) or name.startswith(INSTANCE_PREFIX):
        raise Invalid(
            f"{name!r} is not a user name",
            causes=[Cause("name", "small letters, digits, '-' and '.', beginning with a letter")],
            remedy="Use small letters, digits, '-' and '.', beginning with a letter; names that "
            f"begin with '{INSTANCE_PREFIX}' belong to instances.",
        )


def generate_password() -> str:
    """A random password: 24 characters, over 140 bits."""
    return secrets.token_urlsafe(18)

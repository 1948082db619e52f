"""`format.<name>().validate(text)`: Kubernetes' named formats, and printf-like `format`. Pure."""

from __future__ import annotations

import base64
import datetime
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from cel import OptionalValue

from idp.embedded.apiserver.cel.opaque import OPAQUE, Opaque

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"


def _matches(pattern: str, limit: int, what: str) -> Callable[[str], list[str]]:
    compiled = re.compile(pattern)

    def check(text: str) -> list[str]:
        problems = [f"must be no more than {limit} characters"] if len(text) > limit else []
        if compiled.fullmatch(text[: limit + 1]) is None:
            problems.append(f"{what} must match the regular expression '{pattern}'")
        return problems

    return check


def _prefix(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """A prefix may end in a dash: what is generated follows it."""
    return lambda text: check(text[:-1] + "a" if text.endswith("-") else text)


def _parses(parse: Callable[[str], object], what: str) -> Callable[[str], list[str]]:
    def check(text: str) -> list[str]:
        try:
            parse(text)
        except ValueError:
            return [f"must be a valid {what}"]
        return []

    return check


def _uri(text: str) -> None:
    if not urlsplit(text).scheme and not text.startswith("/"):
        raise ValueError(text)


def _date_time(text: str) -> None:
    if "T" not in text.upper() or datetime.datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(text)


def _qualified_name(text: str) -> list[str]:
    prefix, slash, name = text.rpartition("/")
    problems = _matches(_QUALIFIED, 63, "name part")(name)
    return problems + (_subdomain(prefix) if slash else [])


_label = _matches(_LABEL, 63, "a lowercase RFC 1123 label")
_subdomain = _matches(_SUBDOMAIN, 253, "a lowercase RFC 1123 subdomain")
_label_1035 = _matches(r"[a-z]([-a-z0-9]*[a-z0-9])?", 63, "a DNS-1035 label")

FORMATS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": _label,
    "dns1123Subdomain": _subdomain,
    "dns1035Label": _label_1035,
    "qualifiedName": _qualified_name,
    "dns1123LabelPrefix": _prefix(_label),
    "dns1123SubdomainPrefix": _prefix(_subdomain),
    "dns1035LabelPrefix": _prefix(_label_1035),
    "labelValue": _matches(rf"({_QUALIFIED})?", 63, "a valid label"),
    "uri": _parses(_uri, "URI"),
    "uuid": _parses(uuid.UUID, "UUID"),
    "byte": _parses(lambda text: base64.b64decode(text, validate=True), "base64 text"),
    "date": _parses(datetime.date.fromisoformat, "date"),
    "datetime": _parses(_date_time, "date and time"),
}


def format_of(name: str) -> Opaque:
    """The format of a name, which must exist."""
    return {OPAQUE: "format", "value": name}


def named(name: str) -> OptionalValue:
    """`format.named(name)`."""
    return OptionalValue.of(format_of(name)) if name in FORMATS else OptionalValue.none()


def validate(value: Opaque, text: str) -> OptionalValue:
    """What is wrong with a text; none when nothing is."""
    problems = FORMATS[value["value"]](text)
    return OptionalValue.of(problems) if problems else OptionalValue.none()


def printf(template: str, arguments: Iterable[Any], to_text: Callable[[Any], str]) -> str:
    """`"%s is %d".format([a, b])`: the verbs s, d, f, e, b, x, X, o, and `%%`."""
    remaining = iter(arguments)

    def replace(match: re.Match[str]) -> str:
        verb = match["verb"]
        if verb == "%":
            return "%"
        try:
            value = next(remaining)
        except StopIteration:
            raise ValueError("index out of range: too few arguments of format") from None
        return _verb(verb, match["precision"], value, to_text)

    return re.sub(r"%(?:\.(?P<precision>\d{1,2}))?(?P<verb>.)", replace, template, flags=re.DOTALL)


def _verb(verb: str, precision: str | None, value: Any, to_text: Callable[[Any], str]) -> str:
    if verb == "s":
        return to_text(value)
    if verb in "fe":
        return format(float(value), f".{precision or 6}{verb}")
    if verb in "xX" and isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        return data.hex() if verb == "x" else data.hex().upper()
    if verb in "dbxXo" and isinstance(value, int):
        return format(int(value), verb)
    raise ValueError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')

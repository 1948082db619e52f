"""The boolean expressions of `when` and `depends`. Pure; nothing is ever executed.

    expression = and { "||" and }          and = unary { "&&" unary }
    unary      = "!" unary | "(" expression ")" | operand [ operator operand ]
    operator   = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" (then a list in parentheses)
    operand    = 'text' | "text" | word

An expression is parsed first and its `{{variables}}` are replaced afterwards, inside operands. So a
value can change what is compared, never what is asked. As in Argo a bare word is a string, unless
it reads as a number or as true or false; in quotes it is always a string.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from idp.kernel.errors import InvalidInput

_TOKEN = re.compile(
    r"\s*(?:(?P<operator>&&|\|\||==|!=|<=|>=|[<>!(),])"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\""
    r"|(?P<word>(?:\{\{[^{}]*\}\}|[\w./:@+-])+))"
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_MAX_LENGTH = 4096
_MAX_DEPTH = 50

Value = str | float | bool
Substitute = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Operand:
    """A word, or a text in quotes."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Junction:
    """`&&` or `||` of two or more."""

    operator: str
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands, or one and a list."""

    operator: str
    left: Operand
    right: tuple[Operand, ...]


Expression = Operand | Not | Junction | Comparison


def parse(text: str) -> Expression:
    """Parse an expression.

    Raises:
        InvalidInput: It is not in the grammar, or too long or too deep.
    """
    if len(text) > _MAX_LENGTH:
        raise InvalidInput(f"an expression of {len(text)} characters is too long")
    parser = _Parser(text)
    expression = parser.expression(0)
    if parser.next is not None:
        raise parser.error()
    return expression


def evaluate(expression: Expression, substitute: Substitute) -> bool:
    """Whether a `when` expression holds.

    Args:
        expression: As parsed.
        substitute: Replaces the variables in a text.

    Raises:
        InvalidInput: Operands cannot be compared, or a lone operand is no boolean.
    """
    if isinstance(expression, Not):
        return not evaluate(expression.inner, substitute)
    if isinstance(expression, Junction):
        results = (evaluate(part, substitute) for part in expression.parts)
        return all(results) if expression.operator == "&&" else any(results)
    if isinstance(expression, Operand):
        value = _value(expression, substitute)
        if not isinstance(value, bool):
            raise InvalidInput(f"{expression.text!r} is {value!r}, not true or false")
        return value
    left = _value(expression.left, substitute)
    right = [_value(operand, substitute) for operand in expression.right]
    if expression.operator == "in":
        return any(_equal(left, value) for value in right)
    return _compare(expression.operator, left, right[0])


def holds(expression: Expression, fact: Callable[[str], bool]) -> bool:
    """Whether a `depends` expression holds; `fact` answers for each word."""
    if isinstance(expression, Not):
        return not holds(expression.inner, fact)
    if isinstance(expression, Junction):
        results = (holds(part, fact) for part in expression.parts)
        return all(results) if expression.operator == "&&" else any(results)
    if isinstance(expression, Comparison):
        raise InvalidInput("depends takes names of tasks, !, && and ||, no comparison")
    return fact(expression.text)


def words(expression: Expression) -> Iterator[str]:
    """The words of an expression, from left to right."""
    if isinstance(expression, Operand):
        yield expression.text
    elif isinstance(expression, Not):
        yield from words(expression.inner)
    elif isinstance(expression, Junction):
        for part in expression.parts:
            yield from words(part)
    else:
        yield expression.left.text
        yield from (operand.text for operand in expression.right)


def _value(operand: Operand, substitute: Substitute) -> Value:
    text = substitute(operand.text)
    if operand.quoted:
        return text
    if text in ("true", "false"):
        return text == "true"
    return float(text) if _NUMBER.fullmatch(text) else text


def _equal(left: Value, right: Value) -> bool:
    return type(left) is type(right) and left == right


def _compare(operator: str, left: Value, right: Value) -> bool:
    if operator == "==":
        return _equal(left, right)
    if operator == "!=":
        return not _equal(left, right)
    if isinstance(left, bool) or type(left) is not type(right):
        raise InvalidInput(f"{left!r} and {right!r} cannot be ordered")
    order = (left > right) - (left < right)  # type: ignore[operator]
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


class _Parser:
    """One token of look-ahead over the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.next: tuple[str, str] | None = None
        self._advance()

    def error(self) -> InvalidInput:
        shown = self.next[1] if self.next else "the end"
        return InvalidInput(f"unexpected {shown!r} in expression {self._text!r}")

    def _advance(self) -> None:
        if not self._text[self._position :].strip():
            self.next = None
            return
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            raise InvalidInput(
                f"cannot read {self._text[self._position :]!r} in expression {self._text!r}",
                remedy="Put texts with other characters in quotes.",
            )
        self._position = match.end()
        kind = match.lastgroup or ""
        self.next = (kind, match[kind])

    def _take(self, operator: str) -> bool:
        if self.next != ("operator", operator):
            return False
        self._advance()
        return True

    def expression(self, depth: int) -> Expression:
        return self._junction("||", depth, lambda d: self._junction("&&", d, self._unary))

    def _junction(
        self, operator: str, depth: int, inner: Callable[[int], Expression]
    ) -> Expression:
        parts = [inner(depth)]
        while self._take(operator):
            parts.append(inner(depth))
        return parts[0] if len(parts) == 1 else Junction(operator, tuple(parts))

    def _unary(self, depth: int) -> Expression:
        if depth > _MAX_DEPTH:
            raise InvalidInput(f"expression {self._text[:80]!r} is nested too deeply")
        if self._take("!"):
            return Not(self._unary(depth + 1))
        if self._take("("):
            inner = self.expression(depth + 1)
            if not self._take(")"):
                raise self.error()
            return inner
        left = self._operand()
        for operator in _COMPARISONS:
            if self._take(operator):
                return Comparison(operator, left, (self._operand(),))
        if self.next == ("word", "in"):
            self._advance()
            return Comparison("in", left, self._list())
        return left

    def _list(self) -> tuple[Operand, ...]:
        if not self._take("("):
            raise self.error()
        operands = [self._operand()]
        while self._take(","):
            operands.append(self._operand())
        if not self._take(")"):
            raise self.error()
        return tuple(operands)

    def _operand(self) -> Operand:
        if self.next is None or self.next[0] == "operator":
            raise self.error()
        kind, text = self.next
        self._advance()
        return Operand(text, quoted=kind != "word")

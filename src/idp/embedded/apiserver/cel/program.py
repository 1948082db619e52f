"""One compiled expression: checked when it is compiled, cheap to evaluate again and again."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import cel

from idp.embedded.apiserver.cel.functions import BUILT_IN, FUNCTIONS, NAMESPACES, Function
from idp.embedded.apiserver.cel.syntax import Rewritten, SyntaxProblem, rewrite
from idp.kernel.errors import Invalid

# The library logs a warning for each Python function that raises, which here is an ordinary
# outcome: the caller gets it as an `EvaluationError`.
logging.getLogger("cel").setLevel(logging.CRITICAL)

MAX_STEPS = 2_000_000
LAZY = "_variables_"

_WORD = re.compile(r"[A-Za-z_]\w*")
_COLLECTING = re.compile(r"\.(map|filter|transformList|transformMap)\(")
_SPLITTING = re.compile(r"\b(split|findAll)\(")
_ROOTS = re.compile(
    r"\b(self|oldSelf|object|oldObject|params|request|variables|namespaceObject|split)\b"
)
_CALLABLE = BUILT_IN | {name.rpartition(".")[2] for name in FUNCTIONS}
_TYPES = frozenset({"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type"})
_RAISED = re.compile(
    r"Python function call failed: \w+: (.*)\. Check function arguments", re.DOTALL
)
_UNDEFINED = re.compile(r"Undefined variable or function: '([^']*)'")
_ERRORS_BY_TYPE: tuple[tuple[type[Exception], str], ...] = (
    (ZeroDivisionError, "division by zero"),
    (OverflowError, "integer overflow"),
    (TypeError, "no such overload"),
)


class CompileError(Invalid):
    """The expression is malformed or uses names that do not exist."""


class EvaluationError(Invalid):
    """The expression has no value for these variables: a missing key, a wrong type, ..."""


class Program:
    """A compiled expression.

    Attributes:
        source: The expression as it was written.
        names: The variables that it may read.
        chains: Which fields it selects from them; see `syntax.Rewritten`.
    """

    def __init__(self, source: str, rewritten: Rewritten) -> None:
        self.source = source
        self.chains = tuple(rewritten.chains)
        try:
            self._program = cel.compile(rewritten.text)
        except ValueError as error:
            raise _compile_error(source, _parse_message(str(error)), 0) from error
        self.names = frozenset(self._program.variables()) - rewritten.bound
        called = set(self._program.functions())
        self.calls = {name for name in called if _WORD.fullmatch(name)}
        self._functions = {
            name: function
            for name, function in FUNCTIONS.items()
            if name.rpartition(".")[2] in called
        }
        self._comprehensions = rewritten.comprehensions
        self._collects, self._collects_whole = _collected(source)
        self._splits = _SPLITTING.search(source) is not None

    def evaluate(
        self,
        variables: Mapping[str, Any],
        resolve: Callable[[str], Any] | None = None,
        functions: Mapping[str, Function] | None = None,
    ) -> Any:
        """The value of the expression.

        Args:
            variables: Values by name; those that the expression does not read cost nothing.
            resolve: Asked for `variables.x` by the name `_variables_x` at each use.
            functions: The functions that were announced to `compile_expression`.

        Raises:
            EvaluationError: There is no value.
        """
        read = {name: variables[name] for name in self.names if name in variables}
        self._check_cost(read)
        try:
            known = {**self._functions, **functions} if functions else self._functions
            context = cel.Context(variables=read, functions=known)
            if resolve is not None:
                # The library asks the resolver first, whatever the context holds.
                context.set_variable_resolver(
                    lambda name: resolve(name) if name.startswith(LAZY) else None
                )
            return self._program.execute(context)
        except (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError) as error:
            raise EvaluationError(_evaluation_message(error)) from error

    def _check_cost(self, variables: Mapping[str, Any]) -> None:
        """Refuse comprehensions nested over large values before they block the server."""
        if self._comprehensions == 0:
            return
        sizes = [_sizes(value, text=self._splits) for value in variables.values()] or [(0, 0)]
        largest, total = max(size[0] for size in sizes), max(size[1] for size in sizes)
        steps = max(largest, len(self.source) // 2)
        cost = steps**self._comprehensions
        if self._collects:
            # The library copies what is collected so far for each item that is added.
            item = total if self._collects_whole else total // max(largest, 1)
            cost = max(cost, cost * steps * max(item, 1) // 2)
        if cost > MAX_STEPS:
            raise EvaluationError("operation cancelled: actual cost limit exceeded")


def compile_expression(
    source: str,
    variables: Iterable[str],
    *,
    lazy: Iterable[str] = (),
    functions: Iterable[str] = (),
) -> Program:
    """Compile an expression.

    Args:
        source: The expression.
        variables: Names of the variables that it may read.
        lazy: Names `x` that it may read as `variables.x`.
        functions: Names of further functions, which are given when it is evaluated.

    Raises:
        CompileError: It is malformed, too large, or uses an unknown variable or function.
    """
    known = frozenset(variables) | {f"{LAZY}{name}" for name in lazy}
    return _compile(source, known, frozenset(functions))


@lru_cache(maxsize=4096)
def _compile(source: str, variables: frozenset[str], functions: frozenset[str]) -> Program:
    try:
        rewritten = rewrite(source)
    except SyntaxProblem as problem:
        raise _compile_error(source, problem.message, problem.position) from problem
    program = Program(source, rewritten)
    for name in sorted(program.names - variables - NAMESPACES - _TYPES):
        raise _undeclared(source, name.removeprefix(LAZY))
    for name in sorted(program.calls - _CALLABLE - functions):
        raise _undeclared(source, name)
    return program


def _undeclared(source: str, name: str) -> CompileError:
    match = re.search(rf"\b{re.escape(name)}\b", source)
    message = f"undeclared reference to '{name}' (in container '')"
    return _compile_error(source, message, match.start() if match else 0)


def _compile_error(source: str, message: str, position: int) -> CompileError:
    """Worded and laid out as cel-go does: the line, and a caret under the place."""
    line = source.count("\n", 0, position) + 1
    start = source.rfind("\n", 0, position) + 1
    text = source[start:].split("\n", 1)[0]
    column = position - start
    return CompileError(
        f"compilation failed: ERROR: <input>:{line}:{column + 1}: {message}\n"
        f" | {text}\n | {'.' * column}^"
    )


def _parse_message(text: str) -> str:
    """The library's message without its echo of the (rewritten) expression."""
    match = re.search(r"ERROR: <input>:\d+:\d+: ([^\n]*)", text)
    return match[1] if match else "Syntax error: no viable alternative"


def _evaluation_message(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no such key: {error.args[0] if error.args else ''}"
    for type_, message in _ERRORS_BY_TYPE:
        if isinstance(error, type_):
            return message
    text = str(error)
    if match := _RAISED.search(text):
        return match[1]
    if match := _UNDEFINED.search(text):
        return f"no such attribute(s): {match[1].removeprefix(LAZY)}"
    text = re.sub(r"^Function '\w+' error: ", "", text)
    return text.partition(". Check function arguments")[0].partition("\n")[0]


def _collected(source: str) -> tuple[bool, bool]:
    """Whether lists are made item by item, and whether items hold more than the item at hand."""
    collects = whole = False
    for match in _COLLECTING.finditer(source):
        collects = True
        if match[1] == "map":
            whole |= _ROOTS.search(_argument(source, match.end())) is not None
    return collects, whole


def _argument(source: str, start: int) -> str:
    """The text up to the parenthesis that closes what was opened before `start`."""
    depth = 1
    for index in range(start, len(source)):
        depth += (source[index] == "(") - (source[index] == ")")
        if depth == 0:
            return source[start:index]
    return source[start:]


def _sizes(value: Any, *, text: bool) -> tuple[int, int]:
    """Length of the largest list or map inside a value, and how many values there are in all.

    `text` counts the characters of strings, too: the expression makes lists of them.
    """
    largest, total, waiting = 0, 0, [value]
    while waiting:
        current = waiting.pop()
        total += 1
        if isinstance(current, dict):
            largest = max(largest, len(current))
            waiting.extend(current.values())
        elif isinstance(current, list):
            largest = max(largest, len(current))
            waiting.extend(current)
        elif text and isinstance(current, str):
            largest = max(largest, len(current))
            total += len(current)
    return largest, total

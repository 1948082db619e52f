"""One ValidatingAdmissionPolicy, compiled, and its evaluation for one request and parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.embedded.apiserver.admission import authorization
from idp.embedded.apiserver.cel.program import (
    LAZY,
    EvaluationError,
    Program,
    compile_expression,
)
from idp.kernel.resource import Manifest

VARIABLES = ("object", "oldObject", "request", "params", "namespaceObject")
CONDITION_VARIABLES = ("object", "oldObject", "request", "params", "authorizer")
_MAX_MESSAGE = 5 * 1024


@dataclass(frozen=True, slots=True)
class Denial:
    """A validation that did not hold.

    Attributes:
        index: Which validation of the policy; -1 when it is about the policy as a whole.
        message: Why.
        reason: The `Status` reason that the request is to be answered with; empty for the default.
    """

    index: int
    message: str
    reason: str = ""


@dataclass
class Scope:
    """What the expressions of one evaluation see.

    Attributes:
        values: The CEL variables.
        functions: The methods of `authorizer`.
        variables: The policy's own variables, each evaluated at most once.
    """

    values: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    variables: Mapping[str, Program]
    _known: dict[str, Any] = field(default_factory=dict)
    _nulls: dict[str, None] = field(default_factory=dict)
    _error: EvaluationError | None = None

    def evaluate(self, program: Program) -> Any:
        """The value of an expression.

        Raises:
            EvaluationError: It has none; the message names the expression.
        """
        self._error = None
        nulls = len(self._nulls)
        try:
            return self._run(program)
        except EvaluationError as error:
            if len(self._nulls) > nulls:
                return self.evaluate(program)
            # What a variable lacked is the reason; the library only knows that it has no value.
            raise EvaluationError(
                f"expression '{program.source.strip()}' resulted in error: {self._error or error}"
            ) from error

    def _run(self, program: Program) -> Any:
        return program.evaluate({**self.values, **self._nulls}, self._variable, self.functions)

    def _variable(self, name: str) -> Any:
        """The value of a variable; None when it has none.

        The library takes None for an unknown variable, so one that is null is noted, and the
        expression is evaluated again with it as an ordinary value.
        """
        if name not in self._known:
            try:
                self._known[name] = self._run(self.variables[name.removeprefix(LAZY)])
            except EvaluationError as error:
                shown = name.removeprefix(LAZY)
                self._error = self._error or EvaluationError(
                    f'composited variable "{shown}" fails to evaluate: {error}'
                )
                return None
            if self._known[name] is None:
                self._nulls[name] = None
        return self._known[name]


@dataclass(frozen=True, slots=True)
class _Validation:
    expression: Program
    message: str
    message_expression: Program | None
    reason: str


class CompiledPolicy:
    """The expressions of a policy.

    Raises:
        CompileError: One does not compile.
    """

    def __init__(self, policy: Manifest) -> None:
        spec = policy["spec"]
        self.name: str = policy["metadata"]["name"]
        self.fails_closed: bool = spec.get("failurePolicy", "Fail") != "Ignore"
        self._variables: dict[str, Program] = {}
        for variable in spec.get("variables") or ():
            program = self._compile(variable["expression"])
            self._variables[variable["name"]] = program
        self._conditions = [
            compile_condition(condition["expression"])
            for condition in spec.get("matchConditions") or ()
        ]
        self._validations = [self._validation(v) for v in spec.get("validations") or ()]
        self._annotations = [
            (annotation["key"], self._compile(annotation["valueExpression"]))
            for annotation in spec.get("auditAnnotations") or ()
        ]

    def _compile(self, source: str) -> Program:
        return compile_validation(source, self._variables)

    def _validation(self, validation: Manifest) -> _Validation:
        source = validation.get("messageExpression")
        return _Validation(
            expression=self._compile(validation["expression"]),
            message=(validation.get("message") or "").strip(),
            message_expression=compile_message(source, self._variables) if source else None,
            reason=validation.get("reason") or "",
        )

    def scope(
        self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
    ) -> Scope:
        """What the expressions see; a scope serves one request and one parameter."""
        return Scope(values, functions, self._variables)

    def applies(self, scope: Scope) -> bool:
        """Whether all match conditions hold.

        Raises:
            EvaluationError: One cannot be evaluated and no other one is false.
        """
        failure: EvaluationError | None = None
        for condition in self._conditions:
            try:
                if scope.evaluate(condition) is False:
                    return False
            except EvaluationError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return True

    def denials(self, scope: Scope) -> Iterator[Denial]:
        """The validations that do not hold."""
        for index, validation in enumerate(self._validations):
            try:
                result = scope.evaluate(validation.expression)
            except EvaluationError as error:
                if self.fails_closed:
                    yield Denial(index, str(error))
                continue
            if result is not True:
                yield Denial(index, _message(validation, scope), validation.reason)

    def annotations(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """The audit annotations, as key and value.

        Raises:
            EvaluationError: One cannot be evaluated.
        """
        for key, program in self._annotations:
            value = scope.evaluate(program)
            if value is None or value == "":
                continue
            if not isinstance(value, str):
                raise EvaluationError(
                    f"valueExpression '{program.source}' resulted in unsupported return type. "
                    "Return type must be either string or null."
                )
            yield key, value.strip()


def compile_condition(source: str) -> Program:
    """Compile a match condition: it sees no policy variables and no namespace."""
    return compile_expression(source, CONDITION_VARIABLES, functions=authorization.FUNCTIONS)


def compile_validation(source: str, variables: Mapping[str, Program]) -> Program:
    """Compile a validation, variable or audit annotation."""
    return compile_expression(
        source, (*VARIABLES, "authorizer"), lazy=variables, functions=authorization.FUNCTIONS
    )


def compile_message(source: str, variables: Mapping[str, Program]) -> Program:
    """Compile a message expression: it may not ask the authorizer."""
    return compile_expression(source, VARIABLES, lazy=variables)


def _message(validation: _Validation, scope: Scope) -> str:
    if validation.message_expression is not None:
        try:
            text = scope.evaluate(validation.message_expression)
        except EvaluationError:
            text = ""  # as in the real server: fall back on the fixed message
        if isinstance(text, str) and "\n" not in text.strip() and len(text) <= _MAX_MESSAGE:
            text = text.strip()
            if text:
                return text
    return validation.message or f"failed expression: {validation.expression.source.strip()}"

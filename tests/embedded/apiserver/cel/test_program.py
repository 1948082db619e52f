"""What expressions mean here; expected values are those of a real API server."""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.embedded.apiserver.cel.program import (
    CompileError,
    EvaluationError,
    Program,
    compile_expression,
)

SELF = {
    "count": 3,
    "text": "héllo",
    "list": [3, 1, 2],
    "map": {"x": "y"},
    "a-b": 5,
    "if": 2,
    "memory": "1Gi",
    "nothing": None,
}


def value_of(expression: str) -> Any:
    return compile_expression(expression, ["self"]).evaluate({"self": SELF})


@pytest.mark.parametrize(
    "expression",
    [
        "self.count == 3 && self.count == 3.0 && self.count < 3.5",
        "self.text.size() == 5 && size(self.text) == 5 && size(self.map) == 1",
        "!has(self.absent) && has(self.count) && !has(self.map.z)",
        "self.nothing == null",
        "true || self.absent == 1",
        "self.absent == 1 || true",
        "self.?absent.orValue(3) == 3",
        "self.?map.x.orValue('n') == 'y'",
        "self.?map.?z.orValue('n') == 'n'",
        "self[?'count'].hasValue() && !self.list[?7].hasValue() && self.list[?0].value() == 3",
        "self.?count.optMap(n, n + 1).orValue(0) == 4",
        "self.?absent.optMap(n, n + 1).orValue(0) == 0",
        "self.?count.optFlatMap(n, self.?absent).orValue(7) == 7",
        "optional.none().or(optional.of(1)).value() == 1",
        "self.a__dash__b == 5 && self.__if__ == 2",
        "has(self.a__dash__b) && !has(self.b__dash__a)",
        "cel.bind(n, self.count + 1, n * n) == 16",
        "self.list.all(n, n > 0) && self.list.exists(n, n == 2) && self.list.exists_one(n, n == 2)",
        "self.list.map(n, n * 2) == [6, 2, 4] && self.list.filter(n, n > 1) == [3, 2]",
        "self.map.all(key, key == 'x')",
        "!self.list.isSorted() && self.list.sort().isSorted() && [].isSorted()",
        "self.list.sum() == 6 && self.list.min() == 1 && self.list.max() == 3 && [].sum() == 0",
        "self.list.indexOf(2) == 2 && [1, 1].lastIndexOf(1) == 1 && [true].indexOf(1) == -1",
        "[1, 2, 3].includes(2) && !['a'].includes('b')",
        "[1, 1, 2].distinct() == [1, 2] && [1, 2, 3].slice(0, 2) == [1, 2]",
        "lists.range(3) == [0, 1, 2] && [[1], [2]].flatten() == [1, 2]",
        "sets.contains([1, 2], [2]) && math.greatest(1, 2) == 2",
        "'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b'",
        "'aBc'.lowerAscii() == 'abc' && 'abc'.substring(1) == 'bc' && ' a '.trim() == 'a'",
        "'hello'.replace('l', 'r', 1) == 'herlo' && 'hello'.indexOf('l') == 2",
        "'hello'.lastIndexOf('l') == 3 && 'abc'.charAt(1) == 'b'",
        "'%s: %d, %.2f, %x %s'.format(['a', 5, 1.5, 255, [1, 'x']]) == 'a: 5, 1.50, ff [1, x]'",
        "'abc'.matches('^a.c$') && 'abc'.find('b.') == 'bc' && 'ab1ab'.findAll('a.', 1) == ['ab']",
        "string(3) == '3' && int('3') == 3 && string(ip('::1')) == '::1' && bool('true')",
        "type(self.count) == int && type(self.text) == string",
        "duration('1h') + duration('30m') == duration('90m')",
        "timestamp('2026-01-01T00:00:00Z').getFullYear() == 2026",
        "true // a comment",
        r"""r'\d' == '\\d' && 'it\'s' == "it's" """,
    ],
)
def test_expressions_that_hold(expression: str) -> None:
    assert value_of(expression) is True


@pytest.mark.parametrize(
    "expression",
    [
        "quantity(self.memory).isGreaterThan(quantity('1M'))",
        "quantity('1k') == quantity('1000') && quantity('0.5') == quantity('500m')",
        "quantity('50k').add('20k').sub(20000) == quantity('50k')",
        "quantity('50k').asInteger() == 50000 && !quantity('0.5').isInteger()",
        "quantity('50M').compareTo(quantity('50Mi')) == -1 && quantity('-1').sign() == -1",
        "isQuantity('1.3Gi') && !isQuantity('200K') && !isQuantity('1,3G') && !isQuantity('Mi')",
        "ip('127.0.0.1').isLoopback() && ip('::1').family() == 6 && !isIP('127.0.0.256')",
        "!isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0') && !isIP('010.0.0.1')",
        "ip('0.0.0.0').isUnspecified() && ip('169.254.1.1').isLinkLocalUnicast()",
        "ip('8.8.8.8').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()",
        "ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()",
        "ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD')",
        "cidr('10.0.0.0/8').containsIP('10.1.1.1') && !cidr('::/8').containsIP(ip('11.0.0.1'))",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('::1/128').prefixLength() == 128",
        "!isCIDR('192.168.0.0/33') && !isCIDR('10.0.0.0')",
        "url('https://u:p@example.com:80/a b?k=1&k=2').getHost() == 'example.com:80'",
        "url('https://[::1]:80/').getHostname() == '::1' && url('/path').getPort() == ''",
        "url('https://h/path with').getEscapedPath() == '/path%20with'",
        "url('https://h/?k=1&k=2').getQuery() == {'k': ['1', '2']}",
        "isURL('/absolute') && !isURL('../relative') && !isURL('https://a:b:c/')",
        "semver('1.2.3').isLessThan(semver('1.10.0'))",
        "semver('1.0.0-a').isLessThan(semver('1.0.0'))",
        "semver('v1.2', true) == semver('1.2.0') && !isSemver('v1.0')",
        "semver('1.2.3').minor() == 2",
        "!format.dns1123Label().validate('ok').hasValue()",
        "format.dns1123Label().validate('Not ok').hasValue()",
        "format.named('uuid').hasValue() && !format.named('x').hasValue()",
        "!format.qualifiedName().validate('example.com/Name').hasValue()",
    ],
)
def test_types_that_kubernetes_adds(expression: str) -> None:
    assert value_of(expression) is True


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("self.absent == 1", "no such key: absent"),
        ("self.list[9] == 1", "index out of bounds: 9"),
        ("'a' + 1 == 'a1'", "no such overload"),
        ("self.count + 1.5 > 1.0", "no such overload"),
        ("1 / 0 == 1", "division by zero"),
        ("9223372036854775807 + 1 > 0", "integer overflow"),
        ("[].min() == 1", "min called on empty list"),
        ("quantity('9999999999999999999999G').asInteger() == 1", "cannot convert value to integer"),
        ("'x'.find('(?=x)') == ''", "invalid regular expression: '(?=x)'"),
        (
            "'%d'.format(['a']) == ''",
            'could not parse formatting clause: unrecognized formatting clause "d"',
        ),
        ("lists.range(100000000) == []", "operation cancelled: actual cost limit exceeded"),
    ],
)
def test_expressions_without_a_value(expression: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value_of(expression)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("other == 1", "<input>:1:1: undeclared reference to 'other' (in container '')"),
        ("true && nope(1)", "<input>:1:9: undeclared reference to 'nope' (in container '')"),
        ("self.text.nope()", "<input>:1:11: undeclared reference to 'nope' (in container '')"),
        ("1 +", "Syntax error"),
        ("(1", "missing closing bracket"),
        ("(1]", "extraneous ']'"),
        ("'open", "<input>:1:1: Syntax error: token recognition error"),
        ("", "Syntax error"),
        ("#", "token recognition error at: '#'"),
        ("cel.bind(x, 1)", "cel.bind() takes"),
        ("(" * 100 + "1" + ")" * 100, "recursion limit"),
        ("+".join(["1"] * 30_000), "longer than|more than"),
        ("!" * 4001 + "true", "more than 4000 words"),
        ("x" * 40_000, "longer than 32768 characters"),
        ("[1].all(a, [1].all(b, [1].all(c, [1].all(d, [1].all(e, true)))))", "more than 4 deep"),
    ],
)
def test_expressions_that_do_not_compile(expression: str, message: str) -> None:
    with pytest.raises(CompileError, match="compilation failed") as caught:
        value_of(expression)
    assert any(part in str(caught.value) for part in message.split("|"))


def test_a_compile_error_points_at_its_place() -> None:
    with pytest.raises(CompileError) as caught:
        value_of("true &&\n  other")
    assert str(caught.value).endswith("\n |   other\n | ..^")


def test_nested_comprehensions_over_large_values_are_cancelled() -> None:
    program = compile_expression("self.all(a, self.all(b, self.all(c, a + b + c > 0)))", ["self"])
    assert program.evaluate({"self": [1, 2, 3]}) is True
    with pytest.raises(EvaluationError, match="cost limit exceeded"):
        program.evaluate({"self": [1] * 500})


def test_replacing_cannot_blow_up() -> None:
    program = compile_expression("self.replace('', self).size() > 0", ["self"])
    with pytest.raises(EvaluationError, match="cost limit exceeded"):
        program.evaluate({"self": "x" * 100_000})


def test_a_variable_is_resolved_when_it_is_first_used() -> None:
    asked: list[str] = []

    def resolve(name: str) -> Any:
        asked.append(name)
        return 2

    program: Program = compile_expression("self == 1 || variables.two == 2", ["self"], lazy=["two"])
    assert program.evaluate({"self": 1}, resolve) is True
    assert asked == []
    assert program.evaluate({"self": 0}, resolve) is True
    assert asked == ["_variables_two"]


def test_the_presence_of_a_variable_is_known() -> None:
    program = compile_expression("has(variables.two)", [], lazy=["two"])
    assert program.evaluate({}) is True


def test_further_functions_are_called_as_methods() -> None:
    program = compile_expression("who.check('x')", ["who"], functions=["check"])
    functions = {"check": lambda who, verb: f"{who} {verb}"}
    assert program.evaluate({"who": "alice"}, functions=functions) == "alice x"


def test_durations_come_out_as_durations() -> None:
    assert value_of("duration('90s')") == datetime.timedelta(seconds=90)


WORDS = """
self ( ) [ ] [? { } , : . .? ? ! && || == < + - * / % 1 2.5 3u 'a' true null in has size
all map filter optMap optional.of orValue string int matches format quantity ip find
split join sum min indexOf sets.contains math.greatest duration cel.bind lists.range
r'x' 1e400 9223372036854775807
""".split()  # noqa: SIM905 - a list literal of 60 words is unreadable


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_no_expression_does_worse_than_an_error(words: list[str]) -> None:
    with contextlib.suppress(CompileError, EvaluationError):
        value_of(" ".join(words))

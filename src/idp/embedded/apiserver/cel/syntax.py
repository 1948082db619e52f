"""Rewriting of Kubernetes CEL into what the library's parser accepts. Pure.

| written | becomes | why |
|---|---|---|
| `a.?b`, `a[?b]` | `a._optional("b")`, `a._optional(b)` | no optional syntax in the parser |
| `o.optMap(x, e)` | `o._list().map(x, e)._first()` | no optional macros |
| `o.optFlatMap(x, e)` | `o._list().map(x, e)._first()._flat()` | the same |
| `cel.bind(x, v, e)` | `[v].map(x, e)[0]` | no `bind` macro |
| `a.b__dash__c`, `a.__if__` | `a["b-c"]`, `a["if"]` | escaped property names |
| `has(a.b__dash__c)` | `("b-c" in a)` | the same |
| `variables.x` | `_variables_x` | variables are evaluated when first used |
| `size(x)` | `_size(x)` | the library counts bytes, CEL characters |
| `string(x)` | `_string(x)` | the library does not know addresses |

The parser's stack overflows on very long expressions, so their length is capped here, before it
sees them. So is the nesting of comprehensions, whose cost grows with the power of the nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_CHARACTERS = 32 * 1024
MAX_TOKENS = 4000
MAX_NESTING = 60
MAX_COMPREHENSIONS = 4
MAX_BINDS = 16

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>[rR]?[bB]?[rR]?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''
      |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?)
  | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
  | (?P<operator>\.\?|\[\?|&&|\|\||[=!<>]=|[-+*/%!<>()\[\]{}.,?:])
    """,
    re.VERBOSE | re.DOTALL,
)
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter", "optMap", "optFlatMap"})
_CLOSING = {"(": ")", "[": "]", "[?": "]", "{": "}"}
_RESERVED = (
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
)
_ESCAPES = {"dot": ".", "dash": "-", "slash": "/", "underscores": "__"}
_ESCAPE = re.compile(r"__(" + "|".join([*_ESCAPES, *_RESERVED]) + r")__")
_RENAMED = {"size": "_size", "string": "_string"}


class SyntaxProblem(ValueError):
    """The expression cannot be parsed; `position` counts characters from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression and where it begins."""

    text: str
    kind: str
    position: int


@dataclass
class Rewritten:
    """An expression as the library's parser takes it, and what was seen on the way.

    Attributes:
        text: The rewritten expression.
        bound: Names that comprehensions and `cel.bind` introduce.
        chains: Field selections from a name: (position, (name, field, field, ...)).
        comprehensions: How deep comprehensions are nested.
    """

    text: str = ""
    bound: set[str] = field(default_factory=set)
    chains: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    comprehensions: int = 0


def rewrite(expression: str) -> Rewritten:
    """Rewrite an expression.

    Raises:
        SyntaxProblem: It is too large, or its brackets or words are malformed.
    """
    tokens = tokenize(expression)
    result = Rewritten()
    result.text = _Rewriter(tokens, _match_brackets(tokens), result).part(0, len(tokens), 0)
    return result


def tokenize(expression: str) -> list[Token]:
    """Split an expression into its words, without spaces and comments."""
    if len(expression) > MAX_CHARACTERS:
        raise SyntaxProblem(f"expression is longer than {MAX_CHARACTERS} characters")
    tokens: list[Token] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            character = expression[position]
            raise SyntaxProblem(
                f"Syntax error: token recognition error at: '{character}'", position
            )
        if match.lastgroup != "space":
            tokens.append(Token(match[0], match.lastgroup, position))
        position = match.end()
    if len(tokens) > MAX_TOKENS:
        raise SyntaxProblem(f"expression has more than {MAX_TOKENS} words")
    return tokens


def unescape(name: str) -> str:
    """The property that a CEL name means: `a__dash__b` is `a-b`, `__if__` is `if`."""
    return _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]), name)


def _match_brackets(tokens: list[Token]) -> dict[int, int]:
    """The index of the closing bracket of each opening one."""
    pairs: dict[int, int] = {}
    waiting: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind == "operator" and token.text in _CLOSING:
            waiting.append(index)
            if len(waiting) > MAX_NESTING:
                raise SyntaxProblem("expression recursion limit exceeded", token.position)
        elif token.kind == "operator" and token.text in ")]}":
            if not waiting or _CLOSING[tokens[waiting[-1]].text] != token.text:
                raise SyntaxProblem(f"Syntax error: extraneous '{token.text}'", token.position)
            pairs[waiting.pop()] = index
    if waiting:
        raise SyntaxProblem("Syntax error: missing closing bracket", tokens[waiting[-1]].position)
    return pairs


class _Rewriter:
    def __init__(self, tokens: list[Token], pairs: dict[int, int], result: Rewritten) -> None:
        self._tokens = tokens
        self._pairs = pairs
        self._result = result
        self._binds = 0

    def part(self, start: int, end: int, depth: int) -> str:
        """The text of the tokens from `start` up to `end`, `depth` comprehensions deep."""
        pieces: list[str] = []
        index = start
        while index < end:
            piece, index = self._one(index, depth)
            pieces.append(piece)
        return " ".join(pieces)

    def _one(self, index: int, depth: int) -> tuple[str, int]:
        """The text of what begins at a token, and the index behind it."""
        token = self._tokens[index]
        if token.kind == "name":
            return self._name(index, depth)
        if token.text == ".?":
            return f'._optional("{unescape(self._text(index + 1))}")', index + 2
        if token.text == "." and _ESCAPE.search(self._text(index + 1)):
            return f'["{unescape(self._text(index + 1))}"]', index + 2
        if token.text == ".":
            return self._selection(index, depth)
        if token.text == "[?":
            close = self._pairs[index]
            return f"._optional({self.part(index + 1, close, depth)})", close + 1
        return token.text, index + 1

    def _name(self, index: int, depth: int) -> tuple[str, int]:
        """A name that is not a field: a variable, a function, a macro."""
        name = self._text(index)
        if name == "cel" and self._text(index + 1) == "." and self._text(index + 2) == "bind":
            return self._bind(index + 3, depth)
        if self._text(index + 1) == "(":
            if name == "has" and (text := self._has(index + 1, depth)):
                return text, self._pairs[index + 1] + 1
            return _RENAMED.get(name, name), index + 1
        self._note_chain(index)
        if name == "variables" and self._text(index + 1) == ".":
            return f"_variables_{self._text(index + 2)}", index + 3
        return name, index + 1

    def _selection(self, index: int, depth: int) -> tuple[str, int]:
        """`.field`, `.method(` or `.macro(x, ...)`."""
        name = self._text(index + 1)
        if self._text(index + 2) != "(":
            return f".{name}", index + 2
        if name not in _MACROS:
            return f".{_RENAMED.get(name, name)}", index + 2
        if depth >= MAX_COMPREHENSIONS:
            raise SyntaxProblem(
                f"comprehensions are nested more than {MAX_COMPREHENSIONS} deep",
                self._tokens[index + 1].position,
            )
        self._result.comprehensions = max(self._result.comprehensions, depth + 1)
        self._result.bound.add(self._text(index + 3))
        close = self._pairs[index + 2]
        body = self.part(index + 3, close, depth + 1)
        text = {
            "optMap": f"._list().map({body})._first()",
            "optFlatMap": f"._list().map({body})._first()._flat()",
        }.get(name, f".{name}({body})")
        return text, close + 1

    def _bind(self, index: int, depth: int) -> tuple[str, int]:
        if self._text(index) != "(":
            raise SyntaxProblem("Syntax error: cel.bind takes arguments", self._position(index))
        close = self._pairs[index]
        commas = self._commas(index + 1, close)
        if len(commas) != 2 or commas[0] != index + 2:
            raise SyntaxProblem("cel.bind() takes a name, a value, a result", self._position(index))
        name = self._text(index + 1)
        self._result.bound.add(name)
        value = self.part(commas[0] + 1, commas[1], depth)
        body = self.part(commas[1] + 1, close, depth)
        self._binds += 1
        if self._binds > MAX_BINDS:  # each could double a string
            raise SyntaxProblem(f"more than {MAX_BINDS} cel.bind", self._position(index))
        return f"[{value}].map({name}, {body})[0]", close + 1

    def _has(self, index: int, depth: int) -> str:
        """The text of a `has` that its macro does not take; empty where it does."""
        close = self._pairs[index]
        selected = self._text(close - 1)
        if self._text(index + 1) == "variables" and close - index == 4:
            return "true"
        if self._text(close - 2) != "." or not _ESCAPE.search(selected):
            return ""
        return f'("{unescape(selected)}" in {self.part(index + 1, close - 2, depth)})'

    def _commas(self, start: int, end: int) -> list[int]:
        """Where the arguments between two brackets are parted."""
        found, index = [], start
        while index < end:
            if self._text(index) == "," and self._tokens[index].kind == "operator":
                found.append(index)
            index = self._pairs.get(index, index) + 1
        return found

    def _note_chain(self, index: int) -> None:
        start = index
        chain = [self._text(index)]
        while self._text(index + 1) in (".", ".?") and self._text(index + 3) != "(":
            chain.append(unescape(self._text(index + 2)))
            index += 2
        self._result.chains.append((self._position(start), tuple(chain)))

    def _text(self, index: int) -> str:
        return self._tokens[index].text if index < len(self._tokens) else ""

    def _position(self, index: int) -> int:
        return self._tokens[min(index, len(self._tokens) - 1)].position

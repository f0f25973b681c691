"""Parameters of a notebook as TypeScript: Python's values as a cell that declares them, and back.

What papermill asks of a translator; ``_papermill`` registers it. Needs no package.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

#: Integers beyond this are no longer exact as TypeScript's ``number``, and become ``bigint``.
MAX_SAFE = 2**53 - 1
IDENTIFIER = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
RESERVED = frozenset(
    "arguments await break case catch class const continue debugger default delete do else "
    "enum eval export extends false finally for function if implements import in instanceof "
    "interface let new null package private protected public return static super switch this "
    "throw true try typeof var void while with yield".split()
)
DECLARATION = re.compile(
    r"^(?:export\s+)?(?:const|let|var)\s+(?P<name>[\w$]+)\s*(?::\s*(?P<type>[^=]+?)\s*)?=(?!=)\s*"
    r"(?P<rest>.*)",
    re.S,
)
BEGIN = re.compile(r"^(?:export\s+)?(?:const|let|var)\b", re.M)
OPENING, CLOSING = "([{", ")]}"


class Declared(NamedTuple):
    """A parameter with its default, as papermill's ``Parameter`` has it."""

    name: str
    inferred_type_name: str
    default: str
    help: str


def literal(value: Any) -> str:
    """A TypeScript expression of this value's kind; what has none is its text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if abs(value) <= MAX_SAFE else f"{value}n"
        case float() if math.isfinite(value):
            return repr(value)
        case float():
            return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
        case list() | tuple():
            return f"[{', '.join(map(literal, value))}]"
        case Mapping():
            items = (f"{key(name)}: {literal(item)}" for name, item in value.items())
            return f"{{ {', '.join(items)} }}" if value else "{}"
    return json.dumps(str(value))


def key(name: Any) -> str:
    """A key of an object; JavaScript's names for what is no text."""
    text = name if isinstance(name, str) else literal(name)
    # As a plain key it would set the object's prototype.
    return f"[{json.dumps(text)}]" if text == "__proto__" else json.dumps(text)


def declare(name: str, value: Any) -> str:
    """A statement that declares the parameter, so that later cells can also assign to it.

    Raises:
        ValueError: TypeScript has no variable of this name.
    """
    if not IDENTIFIER.fullmatch(name) or name in RESERVED:
        raise ValueError(
            f"wanted the name of a TypeScript variable as a parameter, found {name!r}: rename it"
        )
    return f"let {name}{': any' if value is None else ''} = {literal(value)};"


class TypeScriptTranslator:
    """Makes the cell of parameters, and reads one; a translator of papermill."""

    @classmethod
    def codify(cls, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
        """The source of a cell that declares the parameters.

        Raises:
            ValueError: a name that is none in TypeScript.
        """
        lines = [f"// {line}" for line in comment.splitlines()]
        return "\n".join([*lines, *(declare(*one) for one in parameters.items())]) + "\n"

    @classmethod
    def inspect(cls, parameters_cell: Mapping[str, Any]) -> list[Declared]:
        """The parameters that a cell declares, each with what is written behind its default."""
        source: str = parameters_cell["source"]
        starts = [match.start() for match in BEGIN.finditer(source)]
        ends = [*starts[1:], len(source)]
        found = (declared(source[a:b]) for a, b in zip(starts, ends, strict=True))
        return [one for one in found if one]


def declared(statement: str) -> Declared | None:
    """The parameter that a statement declares; None for patterns and what has no default."""
    match = DECLARATION.match(statement)
    if not match:
        return None
    rest = match["rest"]
    end = sum(len(part) for part in expression(rest))
    note = re.match(r"[;,\s]*//(.*)", rest[end:])
    type_name = match["type"] or "None"
    return Declared(match["name"], type_name, rest[:end].strip(), note[1].strip() if note else "")


TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|.""", re.S
)


def expression(text: str) -> Iterator[str]:
    """The parts of the expression that a text begins with: up to ``;``, a comment, a line's end."""
    depth = 0
    for part in TOKEN.findall(text):
        depth += part in OPENING
        depth -= part in CLOSING
        if depth == 0 and (part in ";\n" or part.startswith(("//", "/*"))):
            return
        yield part

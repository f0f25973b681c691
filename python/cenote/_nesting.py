"""How deep types and values are nested: Arrow's streams have a limit, pyarrow's stack too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from ._errors import NotArrowError

#: Types within types that an Arrow stream may have.
DEEPEST = 64


def depth(kind: pa.DataType) -> int:
    """How many types lie within each other, itself among them."""
    deep, level = 0, [storage_type(kind)]
    while level:
        deep += 1
        level = [storage_type(t.field(i).type) for t in level for i in range(t.num_fields)]
    return deep


def storage_type(kind: pa.DataType) -> pa.DataType:
    """The type that extensions, if any, are stored as."""
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return kind


def unreadable_codes(kind: pa.DataType) -> bool:
    """Whether a dictionary has values that pyarrow writes so that nobody can read them.

    Those are dictionaries, and extensions: a stream has no place for the name of their type but
    the column's, where it is taken for that of the codes.
    """
    kind = storage_type(kind)
    if isinstance(kind, pa.DictionaryType):
        inner = kind.value_type
        is_lost = isinstance(inner, (pa.DictionaryType, pa.BaseExtensionType))
        return is_lost or unreadable_codes(inner)
    return any(unreadable_codes(kind.field(i).type) for i in range(kind.num_fields))


def check_types(schema: pa.Schema) -> None:
    """Raises NotArrowError for a column of a type that streams can't have."""
    for field in schema:
        if depth(field.type) > DEEPEST:
            raise NotArrowError(
                f"column {field.name!r}: wanted a type that streams can have, nested at most "
                f"{DEEPEST} deep, found one of {depth(field.type)} types within each other"
            )
        if unreadable_codes(field.type):
            raise NotArrowError(
                f"column {field.name!r}: wanted a type that streams can have, found {field.type}",
                "Decode the dictionary: column.cast(column.type.value_type).",
            )


def refuse_deep(values: Iterable[Any], column: str) -> None:
    """Raises NotArrowError for values that are nested too deep.

    Those that lie within themselves are: pyarrow would follow them until its stack is spent, which
    ends the process.
    """
    path = [iter(values)]
    while path:
        nested = next((one for one in path[-1] if isinstance(one, (list, tuple, dict))), None)
        if nested is None:
            path.pop()
            continue
        path.append(iter(nested.values() if isinstance(nested, dict) else nested))
        if len(path) > DEEPEST:
            raise NotArrowError(
                f"column {column!r}: wanted values nested at most {DEEPEST} deep, found more: "
                "they may lie within themselves"
            )

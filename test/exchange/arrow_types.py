"""Any Arrow type, and any column of it: strategies of hypothesis."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

TEXT = st.text(max_size=15)
BYTES = st.binary(max_size=15)
TYPES_OF_NUMBERS = [
    *(getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)),
]
UNITS = ["s", "ms", "us", "ns"]


def decimals(digits: int, scale: int) -> st.SearchStrategy[decimal.Decimal]:
    most = 10**digits - 1
    return st.integers(-most, most).map(lambda n: decimal.Decimal(n).scaleb(-scale, WIDE))


WIDE = decimal.Context(prec=80)


def whole(kind: pa.DataType) -> st.SearchStrategy[int]:
    signed, bits = not str(kind).startswith("u"), kind.bit_width
    return st.integers(-(2 ** (bits - 1)) if signed else 0, 2 ** (bits - signed) - 1)


#: Types without children, and their values.
LEAVES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    **{kind: whole(kind) for kind in TYPES_OF_NUMBERS},
    pa.float16(): st.floats(width=16, allow_nan=False),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.null(): st.none(),
    **dict.fromkeys([pa.string(), pa.large_string(), pa.string_view()], TEXT),
    **dict.fromkeys([pa.binary(), pa.large_binary(), pa.binary_view()], BYTES),
    pa.binary(3): st.binary(min_size=3, max_size=3),
    pa.binary(16): st.binary(min_size=16, max_size=16),
    pa.list_(pa.int8(), 0): st.just([]),
    pa.binary(0): st.just(b""),
    pa.decimal32(7, 2): decimals(7, 2),
    pa.decimal64(16, 4): decimals(16, 4),
    pa.decimal128(38, 10): decimals(38, 10),
    pa.decimal256(60, 30): decimals(60, 30),
    pa.date32(): st.integers(-700_000, 700_000),
    pa.date64(): st.integers(-10_000, 10_000).map(lambda days: days * 86_400_000),
    **{pa.time32(unit): st.integers(0, 86_399) for unit in UNITS[:2]},
    **{pa.time64(unit): st.integers(0, 86_399_999_999) for unit in UNITS[2:]},
    **{
        kind: st.integers(-(2**31), 2**31)
        for unit in UNITS
        for kind in (pa.timestamp(unit), pa.timestamp(unit, "Asia/Kolkata"), pa.duration(unit))
    },
    pa.month_day_nano_interval(): st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 3),
}


class Tagged(pa.ExtensionType):
    """An extension type with a parameter, over storage of any type."""

    def __init__(self, storage: pa.DataType, tag: str) -> None:
        self.tag = tag
        super().__init__(storage, "cenote.test.tagged")

    def __arrow_ext_serialize__(self) -> bytes:
        return self.tag.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> Tagged:
        return cls(storage_type, serialized.decode())


EXTENSIONS = [
    pa.uuid(),
    pa.json_(),
    pa.bool8(),
    pa.opaque(pa.int16(), "thing", "maker"),
    pa.fixed_shape_tensor(pa.float32(), [2, 1]),
    Tagged(pa.list_(pa.string()), "ä"),
]


@st.composite
def _field(draw: Any, kinds: st.SearchStrategy[pa.DataType], name: str) -> pa.Field:
    metadata = draw(st.sampled_from([None, {"of": name}]))
    return pa.field(name, draw(kinds), metadata=metadata)


def _above(kinds: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    item = _field(kinds, "item")
    pair = st.tuples(_field(kinds, "a"), _field(kinds, "ö"))
    keys = st.sampled_from([pa.string(), pa.int16()])
    codes = st.sampled_from([pa.int8(), pa.uint16(), pa.int64()])
    return st.one_of(
        item.map(pa.list_),
        item.map(pa.large_list),
        st.tuples(item, st.integers(1, 3)).map(lambda of: pa.list_(*of)),
        pair.map(pa.struct),
        st.tuples(keys, kinds).map(lambda of: pa.map_(*of)),
        st.tuples(codes, st.sampled_from(list(LEAVES))).map(lambda of: pa.dictionary(*of)),
        # apache-arrow miscounts the nulls of columns of the type null within unions.
        pair.filter(lambda of: not any(map(_has_null, of))).map(pa.sparse_union),
        pair.filter(lambda of: not any(map(_has_null, of))).map(pa.dense_union),
    )


def _has_null(field: pa.Field) -> bool:
    kind = field.type
    if pa.types.is_null(kind):
        return True
    children = [kind.field(i) for i in range(kind.num_fields)]
    return any(map(_has_null, children))


def _python_only(kinds: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    item = _field(kinds, "item")
    ends = st.sampled_from([pa.int16(), pa.int32(), pa.int64()])
    return st.one_of(
        item.map(pa.list_view),
        item.map(pa.large_list_view),
        st.tuples(ends, st.sampled_from(list(LEAVES))).map(lambda of: pa.run_end_encoded(*of)),
        _above(kinds),
    )


LEAF = st.one_of(st.sampled_from(list(LEAVES)), st.sampled_from(EXTENSIONS))
#: Types that both libraries have; and those that pyarrow has.
COMMON = st.recursive(LEAF, _above, max_leaves=4)
ALL = st.recursive(LEAF, _python_only, max_leaves=4)


@st.composite
def arrays(draw: Any, kind: pa.DataType, length: int, nulls: bool = True) -> pa.Array:
    """An array of that type and length."""
    if isinstance(kind, pa.BaseExtensionType):
        storage = draw(arrays(kind.storage_type, length, nulls))
        return pa.ExtensionArray.from_storage(kind, storage)
    if kind in LEAVES:
        value = st.one_of(st.none(), LEAVES[kind]) if nulls else LEAVES[kind]
        return pa.array(draw(st.lists(value, min_size=length, max_size=length)), kind)
    for is_kind, build in BUILDERS:
        if is_kind(kind):
            return build(draw, kind, length, nulls)
    raise AssertionError(f"no strategy for {kind}")


def _mask(draw: Any, length: int, nulls: bool) -> pa.Array | None:
    if not nulls or not draw(st.booleans()):
        return None
    return pa.array(draw(st.lists(st.booleans(), min_size=length, max_size=length)), pa.bool_())


def _cuts(draw: Any, length: int) -> list[int]:
    """Offsets of lists, which need not begin at the first item."""
    sizes = draw(st.lists(st.integers(0, 2), min_size=length + 1, max_size=length + 1))
    return [sum(sizes[: i + 1]) for i in range(length + 1)]


def _list(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    cuts = _cuts(draw, length)
    large = pa.types.is_large_list(kind)
    offsets = pa.array(cuts, pa.int64() if large else pa.int32())
    of = pa.LargeListArray if large else pa.ListArray
    items = draw(arrays(kind.value_type, cuts[-1]))
    return of.from_arrays(offsets, items, type=kind, mask=_mask(draw, length, nulls))


def _view(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    large = pa.types.is_large_list_view(kind)
    width = pa.int64() if large else pa.int32()
    items = draw(arrays(kind.value_type, 3))
    starts = draw(st.lists(st.integers(0, 2), min_size=length, max_size=length))
    sizes = [draw(st.integers(0, 3 - start)) for start in starts]
    of = pa.LargeListViewArray if large else pa.ListViewArray
    mask = _mask(draw, length, nulls)
    made = of.from_arrays(pa.array(starts, width), pa.array(sizes, width), items, mask=mask)
    return pa.Array.from_buffers(kind, length, made.buffers()[:3], children=[items])


def _fixed(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    items = draw(arrays(kind.value_type, length * kind.list_size))
    mask = _mask(draw, length, nulls)
    return pa.FixedSizeListArray.from_arrays(items, type=kind, mask=mask)


def _struct(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    parts = [draw(arrays(field.type, length)) for field in kind]
    return pa.StructArray.from_arrays(parts, fields=list(kind), mask=_mask(draw, length, nulls))


def _map(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    cuts = _cuts(draw, length)
    keys = draw(arrays(kind.key_type, cuts[-1], nulls=False))
    items = draw(arrays(kind.item_type, cuts[-1]))
    mask = _mask(draw, length, nulls)
    return pa.MapArray.from_arrays(pa.array(cuts, pa.int32()), keys, items, type=kind, mask=mask)


def _dictionary(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    words = draw(arrays(kind.value_type, 3, nulls=False))
    code = st.one_of(st.none(), st.integers(0, 2)) if nulls else st.integers(0, 2)
    codes = draw(st.lists(code, min_size=length, max_size=length))
    return pa.DictionaryArray.from_arrays(pa.array(codes, kind.index_type), words)


def _union(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    which = draw(st.lists(st.integers(0, 1), min_size=length, max_size=length))
    names = [kind.field(i).name for i in range(2)]
    ids = pa.array(which, pa.int8())
    if kind.mode == "sparse":
        parts = [draw(arrays(kind.field(i).type, length)) for i in range(2)]
        made = pa.UnionArray.from_sparse(ids, parts, names)
    else:
        parts = [draw(arrays(kind.field(i).type, which.count(i))) for i in range(2)]
        offsets = [which[:at].count(one) for at, one in enumerate(which)]
        made = pa.UnionArray.from_dense(ids, pa.array(offsets, pa.int32()), parts, names)
    return made


def _runs(draw: Any, kind: Any, length: int, nulls: bool) -> pa.Array:
    cuts = sorted({*draw(st.lists(st.integers(1, max(1, length)), max_size=3)), length} - {0})
    ends = pa.array([cut for cut in cuts if cut <= length], kind.run_end_type)
    return pa.RunEndEncodedArray.from_arrays(ends, draw(arrays(kind.value_type, len(ends))), kind)


BUILDERS: list[tuple[Callable[[pa.DataType], bool], Callable[..., pa.Array]]] = [
    (lambda kind: pa.types.is_list(kind) or pa.types.is_large_list(kind), _list),
    (lambda kind: pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind), _view),
    (pa.types.is_fixed_size_list, _fixed),
    (pa.types.is_struct, _struct),
    (pa.types.is_map, _map),
    (pa.types.is_dictionary, _dictionary),
    (pa.types.is_union, _union),
    (pa.types.is_run_end_encoded, _runs),
]


@st.composite
def tables(draw: Any, kinds: st.SearchStrategy[pa.DataType]) -> pa.Table:
    """A table of one to three columns in chunks, each a slice of something larger."""
    lengths = draw(st.lists(st.integers(0, 5), max_size=3))
    columns, fields = [], []
    for name in ["a", "", "ö"][: draw(st.integers(1, 3))]:
        field = draw(_field(kinds, name))
        chunks = []
        for length in lengths:
            before, after = draw(st.integers(0, 2)), draw(st.integers(0, 1))
            whole_chunk = draw(arrays(field.type, before + length + after))
            chunks.append(whole_chunk.slice(before, length))
        columns.append(pa.chunked_array(chunks, chunks[0].type if chunks else field.type))
        fields.append(field.with_type(columns[-1].type))
    metadata = draw(st.sampled_from([None, {"made": "here"}]))
    return pa.table(columns, schema=pa.schema(fields, metadata))

"""Every Arrow type: what is put is the same on the other side, and through Node and back."""

import os

import cenote
import pyarrow as pa
import pytest
from arrow_types import ALL, COMMON, Tagged, tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from remotes import Node

#: The same tables each time, 100 of them; CENOTE_EXAMPLES=1000 tries a thousand others.
EXAMPLES = os.environ.get("CENOTE_EXAMPLES")
MANY = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    max_examples=int(EXAMPLES or 100),
    derandomize=EXAMPLES is None,
)

THERE_AND_BACK = """
const table = await cenote.get("there", { wait: 5 });
await cenote.put("back", table);
await cenote.release(table);
"""

CUT_AND_JOINED = """
const table = await cenote.get("there", { wait: 5 });
await cenote.put("back", table.slice(%d, %d).concat(table));
await cenote.release(table);
"""


@pytest.fixture(scope="module", autouse=True)
def tagged():
    pa.register_extension_type(Tagged(pa.int8(), ""))
    yield
    pa.unregister_extension_type("cenote.test.tagged")


@pytest.fixture(scope="module")
def node():
    other = Node()
    yield other
    other.end()


def assert_same(found: pa.Table, put: pa.Table) -> None:
    found.validate(full=True)
    assert found.schema.equals(put.schema, check_metadata=True)
    assert found.num_rows == put.num_rows
    for one, other in zip(found.columns, put.columns, strict=True):
        # pyarrow calls columns unequal whose dictionaries or runs differ: then the values count.
        assert one.equals(other) or one.to_pylist() == other.to_pylist()


@MANY
@given(tables(ALL))
def test_what_is_put_is_got(table):
    cenote.put("types", table)
    assert_same(cenote.get("types"), table)


@MANY
@given(table=tables(COMMON))
def test_what_goes_through_node_comes_back(node, table):
    cenote.put("there", table)
    node.run(THERE_AND_BACK)
    assert_same(cenote.get("back"), table)


@MANY
@given(table=tables(COMMON), data=st.data())
def test_parts_that_node_cuts_and_joins(node, table, data):
    begin = data.draw(st.integers(0, table.num_rows))
    end = data.draw(st.integers(begin, table.num_rows))
    cenote.put("there", table)
    node.run(CUT_AND_JOINED % (begin, end))
    part = table.slice(begin, end - begin)
    assert_same(cenote.get("back"), pa.concat_tables([part, table]))


def test_one_dictionary_of_two_columns(node):
    words = pa.array(["x", "y", "z"])
    one, other = ([0, 2, None], [1, 1, 0])
    columns = [
        pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), words) for codes in (one, other)
    ]
    table = pa.table(columns, names=["a", "b"])
    cenote.put("there", table)
    node.run(THERE_AND_BACK)
    assert_same(cenote.get("back"), table)


def test_dictionaries_that_grow_and_that_are_replaced(node):
    with cenote.writer("there", {"word": pa.dictionary(pa.int8(), pa.string())}) as out:
        for words in (["a", "b"], ["a", "b", "c"], ["z", None]):  # the second adds to the first
            column = pa.array(words).dictionary_encode().cast(out.schema.field(0).type)
            out.write(pa.record_batch([column], schema=out.schema))
    expected = ["a", "b", "a", "b", "c", "z", None]
    assert cenote.get("there")["word"].to_pylist() == expected
    seen = node.run("""
const table = await cenote.get("there", { wait: 5 });
const seen = [...table.getChild("word")];
await cenote.put("back", table);
await cenote.release(table);
return seen;
""")
    assert seen == expected
    assert cenote.get("back")["word"].to_pylist() == expected


def test_dictionaries_within_lists_that_are_all_empty(node):
    node.run("""
const words = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
const type = new arrow.List(new arrow.Field("item", words, true));
await cenote.put("back", new arrow.Table({ lists: arrow.vectorFromArray([[], null], type) }));
""")
    assert cenote.get("back")["lists"].to_pylist() == [[], None]

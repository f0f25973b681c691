"""Tensors, sparse arrays and what a writer made from Python through a Node process and back."""

import cenote
import numpy as np
import pyarrow as pa
import pytest
from remotes import Node
from scipy import sparse

THERE_AND_BACK = """
const table = await cenote.get("there", { wait: 5 });
await cenote.put("back", table);
await cenote.release(table);
"""


@pytest.fixture(scope="module")
def node():
    other = Node()
    yield other
    other.end()
    cenote.delete("there")


@pytest.mark.parametrize("kind", ["i1", "u2", "i8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)], ids=str)
def test_tensors_come_back(node, kind, shape):
    values = cenote.empty(shape, kind)
    values[...] = np.arange(values.size).reshape(shape)
    cenote.put("there", values)
    node.run(THERE_AND_BACK)
    back = cenote.get("back", as_="numpy")
    assert back.dtype == values.dtype
    np.testing.assert_array_equal(back, values)


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_sparse_arrays_come_back(node, form):
    dense = np.array([[0, 1.5, 0], [0, 0, -2]])
    cenote.put("there", sparse.csr_array(dense).asformat(form))
    node.run(THERE_AND_BACK)
    back = cenote.get("back", as_="scipy")
    assert back.format == form
    np.testing.assert_array_equal(back.toarray(), dense)


def test_what_a_writer_made_comes_back(node):
    with cenote.writer("there", {"n": pa.int64(), "s": pa.string()}) as out:
        for start in (0, 10):
            out.write({"n": range(start, start + 10), "s": [f"row {start}"] * 10})
    node.run(THERE_AND_BACK)
    assert cenote.get("back").equals(cenote.get("there"))
    assert cenote.get("back").num_rows == 20

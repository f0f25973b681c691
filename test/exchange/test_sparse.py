"""Sparse matrices of scipy: there and back, over their buffers."""

import cenote
import numpy as np
import pytest
from cenote._copies import CopyLog
from cenote._exchange import exchange
from memory import address, copied, in_arena
from scipy import sparse


@pytest.fixture(autouse=True)
def nothing_is_left():
    exchange().copies = CopyLog()
    yield
    for item in cenote.list():
        cenote.delete(item.name)


MATRIX = np.array([[0, 1.5, 0, 0], [0, 0, 0, 0], [2, 0, 0, -3]])


@pytest.mark.parametrize(
    "matrix",
    [
        sparse.csr_array(MATRIX),
        sparse.csc_array(MATRIX),
        sparse.coo_array(MATRIX),
        sparse.csr_matrix(MATRIX.astype("i1")),
        sparse.coo_array(np.array([0, 1.0, 0, 2])),
        sparse.csr_array((3, 4)),
    ],
    ids=lambda m: f"{type(m).__name__} {m.dtype} {m.shape} {m.nnz}",
)
def test_sparse_matrices_come_back_over_their_buffers(matrix):
    cenote.put("sparse", matrix)
    back = cenote.get("sparse", as_="scipy")
    assert (back.format, back.shape, back.dtype) == (matrix.format, matrix.shape, matrix.dtype)
    np.testing.assert_array_equal(back.toarray(), matrix.toarray())
    buffers = [back.data, *(back.coords if back.format == "coo" else (back.indices, back.indptr))]
    assert all(in_arena(address(buffer)) for buffer in buffers if buffer.size)
    assert copied("sparse", "put") == copied("sparse") == {}


def test_other_sparse_formats_and_other_tables_are_refused():
    with pytest.raises(cenote.NotArrowError, match="csr, csc or coo, found dok\n.*tocsr"):
        cenote.put("sparse", sparse.dok_array(MATRIX))
    cenote.put("t", {"n": [1]})
    with pytest.raises(cenote.ConversionError, match="'t': wanted the buffers of a sparse matrix"):
        cenote.get("t", as_="scipy")

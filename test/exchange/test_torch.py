"""Tensors of torch, both ways over the same memory. Only where torch is installed."""

import cenote
import numpy as np
import pyarrow as pa
import pytest
from memory import copied, in_arena

torch = pytest.importorskip("torch")

KINDS = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_lie_in_the_arena(kind):
    cenote.put("t", np.arange(24, dtype=kind).reshape(2, 3, 4))
    tensor = cenote.get("t", as_="torch")
    assert (tensor.dtype, tuple(tensor.shape)) == (getattr(torch, kind), (2, 3, 4))
    assert tensor.tolist() == np.arange(24, dtype=kind).reshape(2, 3, 4).tolist()
    assert in_arena(tensor.data_ptr())
    assert copied("t") == {}


def test_a_table_is_a_dict_and_booleans_are_unpacked():
    cenote.put("t", pa.table({"n": [1, 2, 3], "b": [True, False, True]}))
    columns = cenote.get("t", as_="torch")
    assert columns["n"].tolist() == [1, 2, 3]
    assert columns["b"].tolist() == [True, False, True]
    assert copied("t") == {("b",): 3}


@pytest.mark.parametrize("kind", [*KINDS, "bool"])
@pytest.mark.parametrize("made", ["whole", "turned", "every other", "one", "none"])
def test_tensors_are_put(kind, made):
    whole = torch.arange(24).reshape(4, 6).to(getattr(torch, kind))
    tensor = {
        "whole": whole,
        "turned": whole.T,
        "every other": whole[::2, 1::2],
        "one": whole[0, 1],
        "none": whole[:0],
    }[made]
    cenote.put("t", tensor)
    back = cenote.get("t", as_="torch")
    assert back.dtype == tensor.dtype
    assert back.tolist() == (tensor.tolist() if tensor.ndim else [tensor.item()])


def test_a_model_s_weights_and_what_arrow_has_no_type_for():
    with pytest.raises(cenote.NotArrowError, match="requires_grad|detach"):
        cenote.put("t", torch.ones(2, requires_grad=True))
    with pytest.raises(cenote.NotArrowError, match="bfloat16"):
        cenote.put("t", torch.ones(2, dtype=torch.bfloat16))
    with pytest.raises(cenote.NotArrowError, match="complex"):
        cenote.put("t", torch.ones(2, dtype=torch.complex64))
    cenote.put("t", pa.table({"n": [1, None]}))
    with pytest.raises(cenote.ConversionError, match="no nulls"):
        cenote.get("t", as_="torch")
    cenote.put("t", pa.table({"s": ["x"]}))
    with pytest.raises(cenote.ConversionError, match="numbers or booleans, found string"):
        cenote.get("t", as_="torch")

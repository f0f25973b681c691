"""Arrays in the arena: filled there by whoever made them, and shared without a copy."""

from __future__ import annotations

import math
import operator
import sys
import weakref
from typing import TYPE_CHECKING, Any, SupportsIndex

import pyarrow as pa

from ._errors import NotArrowError, shown
from ._inputs import VALUES
from ._owner import Made, Room, Shared
from ._pack import Blank
from ._shared import SharedTable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    import numpy as np

    from ._exchange import Exchange

    NumpyArray: TypeAlias = np.ndarray[Any, Any]


#: Sizes in an Arrow stream are signed and of 64 bits.
_MOST_BYTES = 2**63 - 1


class Block:
    """Room in an arena that an array lies in. It is the base of the array, and ends with it."""

    def __init__(
        self,
        exchange: Exchange,
        shape: tuple[int, ...],
        kind: np.dtype[Any],
    ) -> None:
        """Writes all but the values."""
        self._exchange = exchange
        self.shape, self.kind = shape, kind
        column, lengths, nbytes = _layout(shape, kind)
        schema = pa.schema([(VALUES, column)])
        self._blank = Blank(schema, lengths, nbytes)
        self._made = Made(schema, shape[0], self._blank.size)
        self._room: Room | None = exchange.owner.take(self._blank.size)
        self._shared: Shared | None = None
        memory = self._room.writable()
        self._blank.write(memory)
        # It keeps the arena mapped, in a forked child too.
        self._memory = pa.py_buffer(memory)
        #: Where the values begin.
        self.address = int(self._memory.address) + self._blank.values
        self.__array_interface__ = {
            "shape": shape,
            "typestr": kind.str,
            "data": (self.address, False),
            "version": 3,
        }

    def share(self, name: str) -> Shared | None:
        """Shares the array as it is now; None where that was done before."""
        room, self._room = self._room, None
        if room is None:
            return None
        # The lease is the array's: its room is not used again while the array can be seen.
        self._shared = self._exchange.share(name, room, self._made, leases=1)
        return self._shared

    def __del__(self) -> None:
        """Gives back the room, soon: finalizers take no locks."""
        owner = self._exchange.owner
        room, shared = getattr(self, "_room", None), getattr(self, "_shared", None)
        if room is not None:
            self._exchange.when_ended(lambda: owner.give_up(room))
        elif shared is not None:
            self._exchange.when_ended(lambda: owner.end_lease(shared))


def read_shape(shape: SupportsIndex | Iterable[SupportsIndex]) -> tuple[int, ...]:
    """The sizes of the dimensions; of one, where `shape` is a number."""
    try:
        if isinstance(shape, SupportsIndex):
            return (operator.index(shape),)
        return tuple(operator.index(size) for size in shape)
    except Exception as error:  # of many kinds: not all that can be looped over can be read
        raise NotArrowError(
            f"shape: wanted a whole number, or whole numbers by dimension, found {shown(shape, 80)}"
        ) from error


def read_dtype(dtype: Any) -> np.dtype[Any]:
    """The element type that numpy takes it for. Raises NotArrowError."""
    import numpy as np

    try:
        known: np.dtype[Any] = np.dtype(dtype)
    except Exception as error:  # of many kinds, whatever is asked
        raise NotArrowError(
            f"dtype: wanted what numpy takes for an element type, found {shown(dtype)}: {error}"
        ) from error
    return known


def _layout(shape: tuple[int, ...], kind: np.dtype[Any]) -> tuple[pa.DataType, list[int], int]:
    """The type of the column, the lengths of its arrays, and the bytes of its values."""
    try:
        element = pa.from_numpy_dtype(kind)
        as_wide = element.bit_width == kind.itemsize * 8
    except (pa.ArrowException, ValueError):  # ValueError: of no fixed width
        as_wide = False
    if not as_wide or not kind.isnative:
        raise NotArrowError(
            f"dtype: wanted one that Arrow lays out as numpy does, found {kind}",
            "Integers, floats, datetime64 and timedelta64 of s, ms, us and ns. For others fill an "
            "array of numpy's and put that: it is copied.",
        )
    if not shape or any(size < 0 for size in shape):
        raise NotArrowError(f"shape: wanted one or more sizes from 0, found {shape}")
    count = math.prod(shape)
    if count * kind.itemsize > _MOST_BYTES:
        raise NotArrowError(
            f"shape: wanted an array of at most {_MOST_BYTES:,} bytes, found {shape} of {kind}"
        )
    if len(shape) == 1:
        return element, [count], count * kind.itemsize
    return pa.fixed_shape_tensor(element, shape[1:]), [shape[0], count], count * kind.itemsize


class Blocks:
    """The arrays of this process that lie in its arenas."""

    def __init__(self, exchange: Exchange) -> None:
        """None yet."""
        self._exchange = exchange
        self._by_address: weakref.WeakValueDictionary[int, Block] = weakref.WeakValueDictionary()

    def empty(self, shape: tuple[int, ...], kind: np.dtype[Any]) -> NumpyArray:
        """A new array, whose values are whatever lay there."""
        import numpy as np

        self._exchange.service.start()  # it gives the room back when the array is gone
        block = Block(self._exchange, shape, kind)
        self._by_address[block.address] = block
        return np.asarray(block)

    def share(self, name: str, obj: Any) -> SharedTable | None:
        """Shares the object if it is a whole array of `empty`, not shared before; else None."""
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(obj, numpy.ndarray):
            return None
        block = self._by_address.get(obj.__array_interface__["data"][0])
        if block is None or not obj.flags.c_contiguous:
            return None
        if (obj.shape, obj.dtype) != (block.shape, block.kind):
            return None
        shared = block.share(name)
        if shared is None:
            return None
        obj.flags.writeable = False
        return shared.table

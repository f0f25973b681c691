"""Peers that the set-up does not install: iceoryx2.

`pip install iceoryx2` into the environment of the bench brings it.
"""

from __future__ import annotations

import ctypes
import os
import select
import sys
from collections.abc import Callable

import pyarrow as pa

Handoff = Callable[[str], None]
Tables = dict[str, pa.Table]


def _iceoryx2(name: str):
    import iceoryx2 as iox2

    iox2.set_log_level(iox2.LogLevel.Fatal)
    node = iox2.NodeBuilder.new().create(iox2.ServiceType.Ipc)

    def service(kind: str):
        text = f"cenote-bench/{name}/{kind}"
        return node.service_builder(iox2.ServiceName.new(text))

    return iox2, service


def _samples(iox2, service, name: str):
    """A late subscriber gets the last stream that was published under the name."""
    kind = iox2.Slice[ctypes.c_uint8]
    builder = service(name).publish_subscribe(kind).history_size(1).subscriber_max_buffer_size(1)
    return builder.open_or_create()


def serve_iceoryx2(tables: Tables) -> None:
    from others import stream_of

    address = str(os.getpid())
    iox2, service = _iceoryx2(address)
    publishers = []
    for name, table in tables.items():
        stream = stream_of(table)
        publisher = (
            _samples(iox2, service, name)
            .publisher_builder()
            .initial_max_slice_len(stream.size)
            .create()
        )
        sample = publisher.loan_slice_uninit(stream.size)
        ctypes.memmove(sample.payload_ptr, stream.address, stream.size)
        sample.assume_init().send()
        publishers.append(publisher)
    wanted = service("wanted").event().open_or_create().listener_builder().create()
    print(address, flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:  # until the bench ends
        if wanted.timed_wait(iox2.Duration.from_millis(100)):
            for publisher in publishers:
                publisher.update_connections()


def iceoryx2_handoff(address: str, look: Callable[[pa.Table], None]) -> Handoff:
    iox2, service = _iceoryx2(address)
    services: dict[str, object] = {}
    notifier = service("wanted").event().open_or_create().notifier_builder().create()

    def handoff(name: str) -> None:
        if name not in services:
            services[name] = _samples(iox2, service, name)
        subscriber = services[name].subscriber_builder().create()
        notifier.notify()
        while (sample := subscriber.receive()) is None:
            pass
        payload = sample.payload()
        memory = pa.foreign_buffer(_address(payload), payload.len(), base=sample)
        look(pa.ipc.open_stream(memory).read_all())

    return handoff


def _address(payload) -> int:
    return ctypes.cast(payload.as_ptr(), ctypes.c_void_p).value


#: What is to be installed, and its server and reader.
OPTIONAL = {
    "iceoryx2": ("iceoryx2", serve_iceoryx2, iceoryx2_handoff),
}

"""Peers that the set-up does not install: iceoryx2, Ray.

`pip install iceoryx2 ray` into the environment of the bench brings them.
"""

from __future__ import annotations

import ctypes
import os
import select
import sys
import tempfile
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


def serve_ray(tables: Tables) -> None:
    """An actor owns the objects, as a kernel would; it gives away references to them."""
    with tempfile.TemporaryDirectory(
        prefix="cr-", dir="/tmp"
    ) as folder:  # paths of sockets are short
        ray = _ray()
        size = sum(table.nbytes for table in tables.values())
        ray.init(
            num_cpus=1,
            include_dashboard=False,
            log_to_driver=False,
            namespace="bench",
            object_store_memory=2 * size + (100 << 20),
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )

        class Holder:
            def __init__(self) -> None:
                self.references: dict[str, object] = {}

            def hold(self, name: str, table: pa.Table) -> None:
                self.references[name] = ray.put(table)

            def give(self, name: str) -> list[object]:
                return [self.references[name]]

        holder = ray.remote(Holder).options(name="holder").remote()
        for name, table in tables.items():
            ray.get(holder.hold.remote(name, table))
        print(ray.get_runtime_context().gcs_address, flush=True)
        sys.stdin.read()
        ray.shutdown()


def ray_handoff(address: str, look: Callable[[pa.Table], None]) -> Handoff:
    ray = _ray()
    ray.init(address, namespace="bench", log_to_driver=False)
    holder = ray.get_actor("holder")

    def handoff(name: str) -> None:
        (reference,) = ray.get(holder.give.remote(name))
        look(ray.get(reference))

    return handoff


def _ray():
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_raylet_start_wait_time_s"] = (
        "300"  # it starts in half a minute on a busy machine
    )
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    return ray


def _address(payload) -> int:
    return ctypes.cast(payload.as_ptr(), ctypes.c_void_p).value


#: What is to be installed, and its server and reader.
OPTIONAL = {
    "iceoryx2": ("iceoryx2", serve_iceoryx2, iceoryx2_handoff),
    "Ray": ("ray", serve_ray, ray_handoff),
}

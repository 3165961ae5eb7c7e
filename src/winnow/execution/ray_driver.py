"""The program of a Ray driver process: connects, hands jobs to the cluster, sends what comes of them. The one place
that imports Ray.
"""

from __future__ import annotations

import os
import pickle
import queue
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.execution.child import leave_with_parent
from winnow.execution.jobs import FAILED, RUNNING, Job, Outcome, attempt, died
from winnow.execution.ray_cluster import SECONDS_TO_LEAVE, RayCluster
from winnow.execution.threads import cores, limited

_SECONDS_TO_REACH = 5.0
_SECONDS_BETWEEN_LOOKS = 1.0
# The least that Ray allows; a job's values are small.
_OBJECT_STORE = 100 * 2**20


def serve(descriptor: int) -> None:
    """Serve the connection with this file descriptor: one order, an answer about the cluster, then outcomes."""
    connection = Connection(descriptor)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    leave_with_parent(connection, inbox.put, SECONDS_TO_LEAVE)
    cluster, folder, path, packed = pickle.loads(inbox.get())
    try:
        _connect(cluster)
    except (Exception, SystemExit) as error:
        connection.send_bytes(pickle.dumps(str(error).partition("\n")[0] or type(error).__name__))
        return
    connection.send_bytes(pickle.dumps(""))
    try:
        for outcome in _outcomes(cluster, folder, path, pickle.loads(packed)):
            connection.send_bytes(pickle.dumps(outcome))
    except WinnowError as error:
        connection.send_bytes(pickle.dumps(error))
    inbox.get()  # until the parent has read everything and ends this process


def _connect(cluster: RayCluster) -> None:
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
    if cluster.address == "local":
        room: dict[str, Any] = {"num_cpus": max(cores(), cluster.threads), "object_store_memory": _OBJECT_STORE}
        ray.init(address="local", **quiet, **room)
        return
    host, colon, port = cluster.address.rpartition(":")
    if colon and host and port.isdigit():
        # Ray itself would wait for minutes.
        socket.create_connection((host.strip("[]").rpartition("//")[2], int(port)), _SECONDS_TO_REACH).close()
    del quiet["include_dashboard"]
    ray.init(address=cluster.address, **quiet)


def _outcomes(cluster: RayCluster, folder: str, path: list[str], jobs: Sequence[Job]) -> Iterator[Outcome]:
    import ray

    task = ray.remote(_attempt_there).options(
        num_cpus=cluster.threads, num_gpus=cluster.gpus, max_retries=cluster.retries, name="winnow"
    )
    waiting, flying = list(reversed(jobs)), {}
    fitted = time.monotonic()
    while waiting or flying:
        fitted = time.monotonic() if _fits(cluster) else fitted
        if time.monotonic() - fitted > cluster.patience:
            raise _too_small(cluster)
        while waiting and len(flying) < _room(cluster):
            job = waiting.pop()
            flying[task.remote(job, folder, path, cluster.threads)] = job
            yield Outcome(job.name, RUNNING)
        ready, _ = ray.wait(list(flying), timeout=_SECONDS_BETWEEN_LOOKS)
        for reference in ready:
            yield _fetched(reference, flying.pop(reference))


def _fits(cluster: RayCluster) -> bool:
    """Whether some node that is there could run a job."""
    import ray

    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return any(has.get("CPU", 0) >= cluster.threads and has.get("GPU", 0) >= cluster.gpus for has in alive)


def _too_small(cluster: RayCluster) -> WinnowError:
    gpus = f" and {cluster.gpus:g} GPU" if cluster.gpus else ""
    return WinnowError(
        "WN-X03",
        f"for {cluster.patience:.0f} seconds no node of it had {cluster.threads} CPUs{gpus}, which a job needs",
        where=cluster.address,
        fix="Add nodes, or give fewer --threads; then run again: it resumes.",
    )


def _room(cluster: RayCluster) -> int:
    """Jobs that the cluster can run now, and one more: a cluster that can grow does so when something waits."""
    import ray

    there = ray.cluster_resources()
    room = int(there.get("CPU", 0) // cluster.threads)
    if cluster.gpus:
        room = min(room, int(there.get("GPU", 0) // cluster.gpus))
    return min(room + 1, cluster.jobs or room + 1)


def _fetched(reference: Any, job: Job) -> Outcome:
    import ray
    from ray.exceptions import RayError

    try:
        return ray.get(reference)
    except RayError as error:
        first = str(error).strip().partition("\n")[0]
        return Outcome(job.name, FAILED, error=died(job, f"{type(error).__name__}: {first}"))


def _attempt_there(job: Job, folder: str, path: Sequence[str], threads: int) -> Outcome:
    """On a node: from the same folder as here, so that relative paths and the user's own modules are found."""
    if Path(folder).is_dir():
        os.chdir(folder)
    sys.path += [place for place in path if place not in sys.path]
    with limited(threads):
        return attempt(job)

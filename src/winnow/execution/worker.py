"""The program of a worker process: takes a job, sends its outcome, until its parent is gone."""

from __future__ import annotations

import pickle
import queue
from multiprocessing.connection import Connection

from winnow.execution.child import leave_with_parent
from winnow.execution.jobs import Job, Outcome, attempt


def serve(descriptor: int) -> None:
    """Serve the connection with this file descriptor."""
    connection = Connection(descriptor)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    leave_with_parent(connection, inbox.put)
    while True:
        connection.send_bytes(_answer(inbox.get()))


def _answer(message: bytes) -> bytes:
    """The outcome of the pickled job, pickled; what cannot be pickled fails the job, too."""
    name, packed = pickle.loads(message)
    outcome = attempt(Job(name, _call, (packed,)))
    try:
        return pickle.dumps(outcome)
    except Exception as error:
        why = f"its value cannot be sent: {error}"
        return pickle.dumps(attempt(Job(outcome.name, _refuse, (why,))))


def _call(packed: bytes) -> object:
    """Reading the job imports its module, which may fail like the job itself."""
    job: Job = pickle.loads(packed)
    return job.call(*job.arguments)


def _refuse(why: str) -> Outcome:
    raise TypeError(why)

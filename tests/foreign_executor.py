"""An executor of which nothing is known, such as that of a cluster of somebody else."""

from concurrent.futures import Executor, Future


class ForeignExecutor(Executor):
    """Does tasks at once, and keeps what it was given."""

    def __init__(self):
        self.jobs = []

    def submit(self, function, job):
        self.jobs.append(job)
        future = Future()
        future.set_result(function(job))
        return future

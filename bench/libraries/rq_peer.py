"""RQ's side of the bench: adds jobs, or works at them, in a process of its own. rq.mjs starts it.

    rq_peer.py add  SETTINGS    takes orders on standard input, a line of JSON each, and answers with a line
    rq_peer.py work SETTINGS    says "ready", works once it was told to; a line "d INDEX" per delivery, "c" per completion

What it tells goes to file descriptor 3. When standard input ends, so does it.
"""
import json
import logging
import os
import signal
import sys
import threading
from datetime import datetime, timedelta, timezone

from redis import Redis
from rq import Queue, SimpleWorker
from rq.registry import (
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)

REGISTRIES = (
    StartedJobRegistry,
    FinishedJobRegistry,
    FailedJobRegistry,
    DeferredJobRegistry,
    ScheduledJobRegistry,
)
HANDLERS = {'plain': 'rq_peer.handle', 'kept': 'rq_peer.handle_kept', 'fails': 'rq_peer.handle_failing'}


def tell(line):
    os.write(3, line.encode() + b'\n')


def handle(data):
    tell(f"d {data['index']}")


def handle_kept(data):
    handle(data)
    return {'done': data['index']}


def handle_failing(data):
    handle(data)
    raise RuntimeError('the bench wants this job to fail')


class Producer:
    def __init__(self, queue, settings):
        self.queue = queue
        self.prefix = settings['prefix']
        self.handler = HANDLERS[settings['mode']]
        self.digits = settings['idLength'] - len(self.prefix)
        self.pad = 'x' * settings['pad']
        self.first = settings['first']
        self.delay = settings.get('delay')
        # Kept for ever, or not at all: a time to live would cost it more.
        self.result_ttl = -1 if settings['mode'] == 'kept' else 0

    def data(self, index):
        return {'index': self.first + index, 'pad': self.pad}

    def options(self, index):
        return {'job_id': self.prefix + str(index).zfill(self.digits), 'result_ttl': self.result_ttl}

    def add(self, first, end):
        for index in range(first, end):
            if self.delay is None:
                self.queue.enqueue(self.handler, self.data(index), **self.options(index))
            else:
                self.queue.enqueue_at(self.due(), self.handler, self.data(index), **self.options(index))

    def bulk(self, first, end):
        if self.delay is not None:
            self.schedule(first, end)
            return
        prepared = [
            Queue.prepare_data(self.handler, (self.data(index),), **self.options(index))
            for index in range(first, end)
        ]
        self.queue.enqueue_many(prepared)

    def schedule(self, first, end):
        """enqueue_many knows no delay: what enqueue_at does, in one pipeline."""
        with self.queue.connection.pipeline() as pipeline:
            for index in range(first, end):
                data = (self.data(index),)
                job = self.queue.create_job(self.handler, data, status='scheduled', **self.options(index))
                self.queue.schedule_job(job, self.due(), pipeline=pipeline)
            pipeline.execute()

    def due(self):
        return datetime.now(timezone.utc) + timedelta(milliseconds=self.delay)

    def left(self, _first, _end):
        return self.queue.count + sum(len(registry(queue=self.queue)) for registry in REGISTRIES)

    def forget(self, _first, _end):
        """RQ keeps the names of queues in a set that all share."""
        self.queue.connection.srem(Queue.redis_queues_keys, self.queue.key)

    def obey(self):
        orders = {'add': self.add, 'bulk': self.bulk, 'left': self.left, 'forget': self.forget}
        for line in sys.stdin:
            order = json.loads(line)
            tell(json.dumps({'reply': orders[order['order']](order.get('from'), order.get('to'))}))


class Worker(SimpleWorker):
    def handle_job_success(self, *args, **kwargs):
        super().handle_job_success(*args, **kwargs)
        tell('c')

    def handle_job_failure(self, *args, **kwargs):
        super().handle_job_failure(*args, **kwargs)
        tell('c')


def stop_at_end_of_input():
    """As `kill` would: the worker finishes its job and goes."""
    for _ in sys.stdin:
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def work(queue, settings):
    worker = Worker([queue], name=settings['worker'], connection=queue.connection)
    if settings['mode'] == 'fails':
        logging.disable(logging.CRITICAL)
    tell('ready')
    if not sys.stdin.readline():
        return
    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    worker.work(logging_level='ERROR', with_scheduler=settings.get('delay') is not None)


def main():
    role, settings = sys.argv[1], json.loads(sys.argv[2])
    queue = Queue(settings['queue'], connection=Redis.from_url(settings['url']))
    if role == 'add':
        Producer(queue, settings).obey()
    else:
        work(queue, settings)


if __name__ == '__main__':
    main()

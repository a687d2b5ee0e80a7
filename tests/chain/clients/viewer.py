"""confluent-kafka, last stage of the chain: keeps the view that a reader sees.

  python viewer.py BOOTSTRAP FROM GROUP REDIS

Writes each word's count into the hash `views`, then commits. Prints `ready` once partitions are assigned; ends on
SIGTERM, leaving the group.
"""
import signal
import socket
import sys
import threading

from confluent_kafka import Consumer

ended = threading.Event()


class Redis:
    """Writes over the Unix socket: enough for what a stage remembers."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.replies = self.socket.makefile("rb")

    def write(self, *words):
        """Returns when Redis has done the command."""
        texts = [word if isinstance(word, bytes) else word.encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts))
        reply = self.replies.readline()
        if reply[:1] not in (b":", b"+"):
            raise RuntimeError(f"Redis: {reply}")


def batch_of(consumer, most=500):
    """What is at hand; waits for the first."""
    messages = []
    message = consumer.poll(0.1)
    while message is not None:
        if message.error() is None:
            messages.append(message)
        if len(messages) == most:
            break
        message = consumer.poll(0)
    return messages


bootstrap, topic, group, path = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: ended.set())
redis = Redis(path)
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False})
consumer.subscribe([topic], on_assign=lambda _, partitions: print("ready", flush=True))
try:
    while not ended.is_set():
        messages = batch_of(consumer)
        if messages:
            # The later of two counts of a word comes later in its partition.
            redis.write("HSET", "views", *(part for m in messages for part in (m.key(), m.value())))
            consumer.commit(asynchronous=False)
finally:
    consumer.close()

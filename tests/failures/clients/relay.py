"""confluent-kafka: hands each order on to a derived topic, and notes both in the ledger.

  python relay.py BOOTSTRAP FROM GROUP REDIS TO

A batch is written to TO, flushed and confirmed, then noted in Redis, then committed: whoever dies between two of
these steps does the batch again. Entries of the list `ledger`, in this order:

  out GROUP TO PARTITION OFFSET TIDEMARK-ID      where the log has the output
  done GROUP FROM PARTITION OFFSET TIDEMARK-ID   the work on the record is done

Prints `ready` once partitions are assigned; ends on SIGTERM, leaving the group, and with 1 on what it cannot mend,
or when a batch takes longer than a supervisor would wait: librdkafka's synchronous commit has no bound, and one whose
broker stood still has been seen to wait for good.
"""
import faulthandler
import signal
import socket
import sys
import threading

from confluent_kafka import Consumer, KafkaException, Producer

STUCK_S = 30

ended = threading.Event()


class Redis:
    """Writes over the Unix socket: enough for what a consumer remembers."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.replies = self.socket.makefile("rb")

    def write(self, *words):
        """Returns when Redis has done the command."""
        texts = [word.encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts))
        reply = self.replies.readline()
        if reply[:1] != b":":
            raise RuntimeError(f"Redis: {reply}")


def id_of(message):
    return dict(message.headers() or []).get("tidemark-id", b"-").decode()


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


def hand_on(producer, topic, group, messages):
    """Writes the outputs and returns their entries; raises where one is not confirmed."""
    entries, failures = [], []

    def delivered(error, message):
        if error is not None:
            failures.append(error)
        else:
            entries.append(f"out {group} {topic} {message.partition()} {message.offset()} {id_of(message)}")

    for message in messages:
        producer.produce(topic, message.value(), message.key(), headers=message.headers(), on_delivery=delivered)
    producer.flush(60)
    if failures or len(entries) < len(messages):
        raise RuntimeError(f"{len(messages) - len(entries)} outputs are not confirmed: {failures[:1]}")
    return entries


bootstrap, topic, group, path, target = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: ended.set())
redis = Redis(path)
common = {"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 500, "socket.timeout.ms": 8000}
producer = Producer({**common, "linger.ms": 0, "enable.idempotence": True})
consumer = Consumer({**common, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                     "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000})
consumer.subscribe([topic], on_assign=lambda _, partitions: print("ready", flush=True))
try:
    while not ended.is_set():
        messages = batch_of(consumer)
        if not messages:
            continue
        faulthandler.dump_traceback_later(STUCK_S, exit=True)
        entries = hand_on(producer, target, group, messages)
        entries += [f"done {group} {topic} {m.partition()} {m.offset()} {id_of(m)}" for m in messages]
        redis.write("RPUSH", "ledger", *entries)
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as refusal:
            # The group has moved on without it; whoever has the partition now does the batch again.
            print("commit refused:", refusal, file=sys.stderr, flush=True)
        faulthandler.cancel_dump_traceback_later()
finally:
    consumer.close()

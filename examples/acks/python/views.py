"""A consumer that acks by writing to the topic __tidemark_acks itself: no HTTP, and any gateway hears it.

  python views.py BOOTSTRAP TOPIC GROUP        (confluent-kafka 2.16)
"""
import json
import sys

from confluent_kafka import Consumer, Producer

bootstrap, topic, group = sys.argv[1:]
acks = Producer({"bootstrap.servers": bootstrap})
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False})


def work(value: bytes) -> None:
    if value == b"bad":
        raise ValueError("a view needs a page")
    print("viewed", value.decode(), flush=True)


consumer.subscribe([topic])
while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    ack = {"consumer": group, "topic": topic, "partition": message.partition(), "offset": message.offset()}
    try:
        work(message.value())
    except Exception as error:
        ack |= {"outcome": "failed", "reason": str(error)[:100]}
    key = f"{group}/{topic}/{ack['partition']}/{ack['offset']}"  # the topic is compacted: a key is needed
    acks.produce("__tidemark_acks", json.dumps(ack), key)
    acks.flush()
    consumer.commit(message)  # where a restart goes on; no longer what publishers wait for

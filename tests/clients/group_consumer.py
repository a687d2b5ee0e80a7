"""A group consumer on one of Python's Kafka clients.

  python group_consumer.py CLIENT BOOTSTRAP TOPIC GROUP [SETTING=VALUE…]

CLIENT: confluent, kafka-python or aiokafka. SETTING: one of the client's own, in its own spelling. Where the
client commits by itself, which each does by default, it is left to it; where that is switched off, it commits
after the work on what it was handed at once: a record (confluent) or a batch.
Prints `processed PARTITION OFFSET` for each record when its work is done. Starts at the earliest offset; ends on
SIGTERM, leaving the group.
"""
import asyncio
import signal
import sys
import threading


# An exception out of a signal's handler would strike a library in the middle of something.
ended = threading.Event()


def value_of(text):
    return {"true": True, "false": False}.get(text, int(text) if text.lstrip("-").isdigit() else text)


def work(partition, offset):
    print("processed", partition, offset, flush=True)


def confluent(bootstrap, topic, group, settings):
    from confluent_kafka import Consumer

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", **settings})
    consumer.subscribe([topic])
    try:
        while not ended.is_set():
            message = consumer.poll(0.1)
            if message is None or message.error():
                continue
            work(message.partition(), message.offset())
            if settings.get("enable.auto.commit") is False:
                consumer.commit(message, asynchronous=False)
            elif settings.get("enable.auto.offset.store") is False:
                consumer.store_offsets(message)
    finally:
        consumer.close()


def kafka_python(bootstrap, topic, group, settings):
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", **settings)
    try:
        while not ended.is_set():
            batches = consumer.poll(100)
            for records in batches.values():
                for record in records:
                    work(record.partition, record.offset)
            if batches and settings.get("enable_auto_commit") is False:
                consumer.commit()
    finally:
        consumer.close()


def aiokafka(bootstrap, topic, group, settings):
    from aiokafka import AIOKafkaConsumer

    async def run():
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", **settings)
        await consumer.start()
        try:
            while not ended.is_set():
                batches = await consumer.getmany(timeout_ms=100)
                for records in batches.values():
                    for record in records:
                        work(record.partition, record.offset)
                if batches and settings.get("enable_auto_commit") is False:
                    await consumer.commit()
        finally:
            await consumer.stop()

    asyncio.run(run())


client, *where = sys.argv[1:5]
signal.signal(signal.SIGTERM, lambda *_: ended.set())
{"confluent": confluent, "kafka-python": kafka_python, "aiokafka": aiokafka}[client](
    *where, {name: value_of(value) for name, value in (pair.split("=", 1) for pair in sys.argv[5:])})

"""The service under test: keeps each customer's total of orders in SQLite.

  python totals.py BOOTSTRAP TOPIC GROUP DATABASE        (confluent-kafka 2.16)
"""
import json
import sqlite3
import sys
import time

from confluent_kafka import Consumer

bootstrap, topic, group, database = sys.argv[1:]
db = sqlite3.connect(database, isolation_level=None)
db.execute("create table if not exists totals (customer text primary key, total integer)")
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False})
consumer.subscribe([topic])
while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    order = json.loads(message.value())
    time.sleep(0.02)  # what a service does takes time
    db.execute("insert into totals values (?, ?) on conflict do update set total = total + excluded.total",
               (order["customer"], order["amount"]))
    consumer.commit(message, asynchronous=False)

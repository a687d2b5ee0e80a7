"""What the tests share: the service, a producer, and the wait that replaces sleeping."""
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import urllib.request

import pytest
from confluent_kafka import Producer

KAFKA = os.environ.get("KAFKA", "localhost:9092")
TIDEMARK = os.environ.get("TIDEMARK_URL", "http://localhost:8750")
TOPIC = os.environ.get("TOPIC", "orders")
GROUP = os.environ.get("GROUP", "totals")


@pytest.fixture
def settle():
    """Returns when every consumer has processed all that is in the topic now; fails and names who has not."""

    def settle(topic=TOPIC, wait="30s"):
        request = urllib.request.Request(
            f"{TIDEMARK}/waits?wait={wait}",
            json.dumps({"topics": [topic]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
        late = [f"{c['name']}: {c['outcome']}, {c.get('hint')}" for c in answer["consumers"] if c["outcome"] != "processed"]
        assert response.status == 200, late or "nobody is known to consume it"

    return settle


@pytest.fixture
def orders():
    """Appends orders with a producer of its own, as any service does; Tidemark is not asked."""
    producer = Producer({"bootstrap.servers": KAFKA, "acks": "all"})

    def orders(*all_of_them):
        for customer, amount in all_of_them:
            producer.produce(TOPIC, json.dumps({"customer": customer, "amount": amount}), customer)
        assert producer.flush(30) == 0

    return orders


@pytest.fixture(scope="session")
def totals(tmp_path_factory):
    """The service, started once; returns how to look at what it keeps."""
    database = tmp_path_factory.mktemp("totals") / "totals.db"
    program = pathlib.Path(__file__).with_name("totals.py")
    service = subprocess.Popen([sys.executable, program, KAFKA, TOPIC, GROUP, database])

    def totals(customer):
        row = sqlite3.connect(database).execute("select total from totals where customer = ?", [customer]).fetchone()
        return row and row[0]

    yield totals
    service.terminate()
    service.wait()

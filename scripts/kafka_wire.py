"""The two questions scripts/kafka asks a broker, in a few bytes of its protocol.

Kafka's own tools start a JVM for each question (a second or more) and are not
among the jars that scripts/setup fetches. Both requests here are of versions
that every broker since 2.0 speaks and that have no flexible fields.

  kafka_wire.py ready  HOST:PORT BROKERS                                 exit 0 once it answers Metadata with so many
  kafka_wire.py create HOST:PORT NAME PARTITIONS REPLICAS [KEY=VALUE…]   CreateTopics
"""
import socket
import struct
import sys

METADATA, CREATE_TOPICS = 3, 19


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def call(address, api_key, version, body):
    host, port = address.rsplit(":", 1)
    request = struct.pack(">hhi", api_key, version, 1) + string("scripts/kafka") + body
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.settimeout(30)
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", receive(connection, 4))
        return receive(connection, size)[4:]


def receive(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise OSError("the broker closed the connection")
        data += more
    return data


def ready(address, expected):
    # Metadata v1 for no topics: the live brokers. A broker that the controller
    # has not let in yet is not among them.
    (brokers,) = struct.unpack(">i", call(address, METADATA, 1, struct.pack(">i", 0))[:4])
    if brokers < int(expected):
        raise OSError(f"{brokers} brokers are in the cluster yet")


def create(address, name, partitions, replicas, configs):
    body = struct.pack(">i", 1) + string(name) + struct.pack(">ihi", int(partitions), int(replicas), 0)
    body += struct.pack(">i", len(configs))
    for config in configs:
        key, value = config.split("=", 1)
        body += string(key) + string(value)
    body += struct.pack(">i?", 30000, False)
    answer = call(address, CREATE_TOPICS, 2, body)
    # v2: throttle time, then one result: name, error code, nullable message.
    (length,) = struct.unpack(">h", answer[8:10])
    code, message_length = struct.unpack(">hh", answer[10 + length:14 + length])
    if code != 0:
        message = answer[14 + length:14 + length + max(message_length, 0)].decode()
        raise OSError(f"topic {name}: error {code} {message}")


def main():
    command, address, *rest = sys.argv[1:]
    try:
        if command == "ready":
            ready(address, rest[0])
        elif command == "create":
            create(address, rest[0], rest[1], rest[2], rest[3:])
        else:
            sys.exit(f"unknown command {command}")
    except OSError as error:
        sys.exit(str(error))


main()

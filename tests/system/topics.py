"""Kafka's topics as a test may read and write them (kcat): duplicates, disorder, poison."""
import json
import subprocess
import tempfile
from pathlib import Path

from stack import PARTITIONS


def kcat(stack, *args, **options):
    argv = ["kcat", "-q", "-b", stack.kafka, "-X", "broker.address.family=v4", "-X", "fetch.wait.max.ms=5", *map(str, args)]
    return subprocess.run(argv, capture_output=True, timeout=120, check=True, **options).stdout


def messages(stack, topic):
    """All of ours, in the order of each partition: {partition, offset, key, payload (text), headers (dict)}."""
    out = kcat(stack, "-C", "-e", "-t", topic, "-o", "beginning", "-J").decode(errors="replace")
    found = [json.loads(line) for line in out.split("\n") if line]
    for m in found:
        flat = m.get("headers") or []
        m["headers"] = dict(zip(flat[::2], flat[1::2]))
    return [m for m in found if "ce_id" in m["headers"]]


def places(stack, topic, key):
    """(partition, offset) of everything with that key, whatever it says."""
    out = kcat(stack, "-C", "-e", "-t", topic, "-o", "beginning", "-f", "%p %o %k\n").decode(errors="replace")
    rows = [line.split(" ", 2) for line in out.split("\n") if line]
    return {(int(row[0]), int(row[1])) for row in rows if row[2:] == [key]}


def produce(stack, topic, values, key, partitions=range(PARTITIONS)):
    """Each of the values (bytes) once to each of the partitions."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / str(i) for i in range(len(values))]
        [f.write_bytes(v) for f, v in zip(files, values)]
        for partition in partitions:
            kcat(stack, "-P", "-t", topic, "-p", partition, "-k", key, *files)


def produce_as_it_was(stack, topic, message):
    """One message again, with its key and headers."""
    headers = [word for name, value in message["headers"].items() for word in ("-H", f"{name}={value}")]
    kcat(stack, "-P", "-t", topic, "-p", message["partition"], "-k", message["key"], *headers, input=message["payload"].encode())


def produce_again(stack, topic):
    """Everything that the topic has, once more, as a broker may after a crash of its producer (without headers)."""
    out = kcat(stack, "-C", "-e", "-t", topic, "-o", "beginning", "-K", "\t")
    kcat(stack, "-P", "-t", topic, "-K", "\t", input=out)
    return len(out.splitlines())

#!/bin/bash
# Apache Kafka in its container: KRaft, one process, plain text inside the internal network only. It starts the broker
# itself instead of the image's own wrapper, so the official image and the local stand-in run the same way with a
# read-only root. /tmp/topics appears when all topics exist: the health check looks for it.
#
#   KAFKA_HEAP (512m), KAFKA_RETENTION_HOURS (168)
set -euo pipefail
data=/var/lib/kafka/data
topics="beistand.commands beistand.journal beistand.mail beistand.presence beistand.dead-letter"
partitions=12

run() { # heap [options] class arguments...
    local heap=$1
    shift
    java "-Xmx$heap" -XX:+UseSerialGC -Dlog4j.configuration=file:/etc/beistand/log4j.properties -cp '/opt/kafka/libs/*' "$@"
}

# Short-lived: compiling it well would take longer than it runs.
run_tool() { run 64m -XX:TieredStopAtLevel=1 "$@"; }

write_settings() {
    cat > /tmp/server.properties <<-END
	process.roles=broker,controller
	node.id=1
	controller.quorum.voters=1@127.0.0.1:9093
	listeners=PLAINTEXT://:9092,CONTROLLER://127.0.0.1:9093
	advertised.listeners=PLAINTEXT://kafka:9092
	controller.listener.names=CONTROLLER
	listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
	log.dirs=$data/log
	num.partitions=$partitions
	auto.create.topics.enable=false
	offsets.topic.replication.factor=1
	offsets.topic.num.partitions=4
	transaction.state.log.replication.factor=1
	transaction.state.log.min.isr=1
	group.initial.rebalance.delay.ms=0
	log.retention.hours=${KAFKA_RETENTION_HOURS:-168}
	num.network.threads=2
	num.io.threads=2
	END
}

# Only an empty volume is formatted. A cluster id is 16 random bytes in base64url.
format() {
    local id
    [ ! -f "$data/log/meta.properties" ] || return 0
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    run_tool kafka.tools.StorageTool format -t "$id" -c /tmp/server.properties
}

topic_command() { run_tool org.apache.kafka.tools.TopicCommand --bootstrap-server 127.0.0.1:9092 "$@"; }

# Asking for the list is also how we know that the broker answers.
make_topics() {
    local known topic
    until known=$(topic_command --list 2>/dev/null); do sleep 1; done
    for topic in $topics; do
        case $'\n'$known$'\n' in *$'\n'"$topic"$'\n'*) continue ;; esac
        topic_command --create --if-not-exists --topic "$topic" --partitions "$partitions" --replication-factor 1
    done
    touch /tmp/topics
}

rm -f /tmp/topics
write_settings
format
run "${KAFKA_HEAP:-512m}" kafka.Kafka /tmp/server.properties &
broker=$!
# The shell is process 1: it hands the signal on and stays until the broker has closed its log.
trap 'kill -TERM "$broker"' TERM INT
make_topics &
while kill -0 "$broker" 2>/dev/null; do
    wait "$broker" && status=0 || status=$?
done
exit "$status"

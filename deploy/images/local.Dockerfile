# Stand-ins for the official images where no image registry is in reach (deploy/images/local.sh): the same programs
# from Debian's packages and from Maven, at the paths and under the users that the official images have, so that
# docker-compose.yml runs either without knowing which.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS redis
ARG DEBIAN_FRONTEND=noninteractive
RUN groupadd -r -g 999 redis && useradd -r -g redis -u 999 redis && \
    apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* && \
    mkdir /data && chown redis:redis /data
VOLUME /data
WORKDIR /data
CMD ["redis-server"]

FROM ${BASE_IMAGE} AS haproxy
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
STOPSIGNAL SIGUSR1
USER haproxy
CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]

# Its context is the folder of the jars (deploy/kafka/kafka.py fetch), not the tree.
FROM ${BASE_IMAGE} AS kafka
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends default-jre-headless && \
    rm -rf /var/lib/apt/lists/* && useradd -m -u 1000 appuser && \
    mkdir -p /var/lib/kafka/data && chown -R appuser:root /var/lib/kafka && chmod -R ug+w /var/lib/kafka
COPY *.jar /opt/kafka/libs/
USER appuser
VOLUME /var/lib/kafka/data

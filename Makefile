# Beistand. `make` builds, `make up` runs, `make test` tests; `make help` lists the rest.
# Everything is found by wildcard: a new .c file in a room belongs to that room's program.
BUILD ?= build
CC = gcc
SAN ?=
CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Werror -Wno-format-truncation -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CPPFLAGS = -D_GNU_SOURCE -I. -Iservices -I$(BUILD)
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(SAN) -fstack-protector-strong -D_FORTIFY_SOURCE=2 -MMD -MP
PY = /usr/bin/python3

SERVICES = gateway invitations activation licensing sweeper relay
LIBS_COMMON = -lrdkafka -lhiredis -lmicrohttpd -ljansson -lcrypto
LIBS_SERVICE = $(LIBS_COMMON) -lcurl -largon2 -lsodium -lpthread
LIBS_CORE = -lsodium -lcrypto -lssl -ljpeg -lz -lm
LIBS_CLI = $(LIBS_CORE) $(LIBS_COMMON) -lpng -largon2

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
common_src = $(wildcard services/common/*.c)
proto_src = $(wildcard proto/c/*.c)
core_src = $(wildcard agent/core/*.c agent/core/rfb/*.c)
generated = reasons texts_mail texts_install_page texts_program texts_report texts_events plans lua_scripts openapi_json
generated_c = $(patsubst %,$(BUILD)/generated/%.c,$(generated))
generated_obj = $(generated_c:.c=.o)
unit_tests = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
binaries = $(patsubst %,$(BUILD)/bin/beistand-%,$(SERVICES)) $(BUILD)/bin/beistand-cli \
	$(BUILD)/bin/beistand-broker $(BUILD)/bin/simpc

.PHONY: all units agent agent-deps console setup up down demo test test-real-kafka test-chaos test-compose \
	kafka asan fuzz bench clean help
all: $(binaries)

help:
	@echo "make            build services, simulator and CLI      make up / down   run everything on this machine"
	@echo "make agent      cross-build the Windows program        make demo        walk the main job, screenshots in var/demo"
	@echo "make console    build the web console                  make test        everything CI runs"
	@echo "make asan       units under ASan and UBSan             make fuzz        every decoder's fuzzer for a while"
	@echo "make bench      figures, ratios in one run             make test-compose / test-real-kafka / kafka"
	@echo "make test-chaos kills, outages, poison, clock steps on real Kafka; the table of it in build/chaos.md"

# ---- generated from proto/ ----
$(generated_c) &: proto/generate.py $(wildcard proto/*.json proto/*.yaml proto/texts/*.json proto/lua/*.lua proto/lua/parts/*.lua)
	@mkdir -p $(BUILD)/generated
	$(PY) proto/generate.py $(BUILD)/generated

$(BUILD)/generated/%.o: $(BUILD)/generated/%.c
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/%.o: %.c | $(generated_c)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# ---- libraries ----
$(BUILD)/libcommon.a: $(call obj,$(common_src))
$(BUILD)/libproto.a: $(call obj,$(proto_src)) $(generated_obj)
$(BUILD)/libcore.a: $(call obj,$(core_src))
$(BUILD)/lib%.a:
	@rm -f $@
	ar rcs $@ $^

# ---- programs ----
define service_rule
$(BUILD)/bin/beistand-$(1): $(call obj,$(wildcard services/$(1)/*.c)) $(BUILD)/libcommon.a $(BUILD)/libproto.a
	@mkdir -p $$(@D)
	$(CC) $(SAN) -o $$@ $$^ $(LIBS_SERVICE)
endef
$(foreach s,$(SERVICES),$(eval $(call service_rule,$(s))))

# What simulator and CLI share: the seams of the core on Linux.
linux_obj = $(BUILD)/obj/agent/sim/net_openssl.o $(BUILD)/obj/agent/sim/stream_digest.o
$(BUILD)/bin/beistand-cli: $(call obj,$(wildcard services/cli/*.c)) $(linux_obj) $(BUILD)/obj/services/sweeper/audit.o $(BUILD)/libcore.a $(BUILD)/libcommon.a $(BUILD)/libproto.a
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ $(LIBS_CLI)

$(BUILD)/bin/simpc: $(call obj,$(wildcard agent/sim/*.c)) $(BUILD)/libcore.a $(BUILD)/libproto.a
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ $(LIBS_CORE)

$(BUILD)/bin/beistand-broker: $(call obj,deploy/run/broker.c)
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ -lrdkafka

$(BUILD)/bench/load: $(call obj,tests/bench/load.c)
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^

# ---- unit tests: each links the libraries and the rooms' pure files it names in tests/unit/units.mk ----
-include tests/unit/units.mk
$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libcore.a $(BUILD)/libcommon.a $(BUILD)/libproto.a
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(BUILD)/libcore.a $(BUILD)/libproto.a -lcmocka $(LIBS_CORE) $(LIBS_SERVICE) -lpng
-include tests/fuzz/fuzz.mk
units: $(unit_tests) $(fuzzers)

# ---- the Windows program and the console ----
agent-deps:
	deploy/setup/install.sh build agent
	deploy/agent/build-deps.sh
agent: all
	deploy/agent/build-deps.sh
	$(MAKE) -f agent/Makefile BUILD=$(BUILD)

console: services/console/dist/index.html
services/console/dist/index.html: services/console/package-lock.json services/console/index.html \
		$(shell find services/console/src -type f 2>/dev/null)
	cd services/console && npm ci --ignore-scripts --no-audit --no-fund && npm run build
	touch $@

# ---- running ----
setup:
	deploy/setup/install.sh build agent run
up: setup
	$(MAKE) all agent console
	$(PY) deploy/run/stack.py up
down:
	$(PY) deploy/run/stack.py down
demo:
	deploy/setup/install.sh build agent run test
	$(MAKE) all agent console
	$(PY) deploy/run/demo.py
kafka:
	$(PY) deploy/kafka/kafka.py up
test:
	deploy/setup/install.sh build agent run test
	$(MAKE) all units agent console
	$(PY) tests/run.py
test-real-kafka:
	$(MAKE) all
	$(PY) tests/run.py --real-kafka
test-chaos:
	$(MAKE) all
	$(PY) tests/run.py --chaos
test-compose:
	deploy/compose/test.sh
asan:
	$(MAKE) BUILD=build/asan SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" CFLAGS="-O1 -g" units
	$(PY) tests/run.py --units build/asan
fuzz:
	deploy/setup/install.sh build fuzz
	$(PY) tests/fuzz/run.py
bench:
	deploy/setup/install.sh build bench
	$(MAKE) all $(BUILD)/bench/load
	$(PY) tests/bench/run.py
clean:
	rm -rf build

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

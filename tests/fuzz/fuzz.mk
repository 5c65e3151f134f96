# Fuzzers, one per decoder: fuzz_*.c is a fuzzer. FUZZ_ENGINE is what has main(): replay.c, or libFuzzer (tests/fuzz/run.py
# builds with clang in a build folder of its own).
FUZZ_ENGINE ?= $(call obj,tests/fuzz/replay.c)
fuzzers = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_helpers = $(call obj,tests/unit/fake_net.c tests/unit/fake_pc.c tests/unit/scripted_random.c)
$(BUILD)/fuzz/fuzz_event: $(call obj,services/gateway/view.c services/gateway/checklist.c)
$(BUILD)/fuzz/fuzz_head: $(call obj,services/gateway/credentials.c services/gateway/email.c services/relay/head.c)
$(BUILD)/fuzz/fuzz_mail: $(call obj,services/invitations/compose.c)
$(BUILD)/fuzz/fuzz_receipt: $(call obj,services/activation/receipt.c)
$(BUILD)/fuzz/fuzz_rfb_zrle: $(call obj,services/cli/zrle.c)
$(BUILD)/fuzz/fuzz_template: $(call obj,services/gateway/template.c services/gateway/text.c)
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(fuzz_helpers) $(filter %.o,$(FUZZ_ENGINE)) $(BUILD)/libcore.a $(BUILD)/libcommon.a $(BUILD)/libproto.a
	@mkdir -p $(@D)
	$(CC) $(SAN) $(filter -%,$(FUZZ_ENGINE)) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(BUILD)/libcore.a $(BUILD)/libproto.a $(LIBS_CORE) $(LIBS_SERVICE) -lpng
fuzzers: $(fuzzers)
.PHONY: fuzzers

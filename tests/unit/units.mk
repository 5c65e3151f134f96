# The rooms' pure files that unit tests link, beside the libraries.
$(BUILD)/tests/test_sign_in: $(BUILD)/obj/services/gateway/totp.o $(BUILD)/obj/services/gateway/user_agent.o \
	$(BUILD)/obj/services/gateway/scopes.o
$(BUILD)/tests/test_jws: $(BUILD)/obj/services/gateway/jws.o

# The rooms' pure files that unit tests link, beside the libraries.
$(BUILD)/tests/test_sign_in: $(BUILD)/obj/services/gateway/totp.o $(BUILD)/obj/services/gateway/user_agent.o \
	$(BUILD)/obj/services/gateway/scopes.o
$(BUILD)/tests/test_jws: $(BUILD)/obj/services/gateway/jws.o
$(BUILD)/tests/test_audit: $(BUILD)/obj/services/sweeper/audit.o
$(BUILD)/tests/test_webhooks: $(BUILD)/obj/services/invitations/webhook_sign.o $(BUILD)/obj/services/invitations/webhook_body.o

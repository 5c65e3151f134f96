# What unit tests link beside the libraries: helpers for all, and the pure files of a room for the test that names them.
unit_helpers = $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
$(unit_tests): $(call obj,$(unit_helpers))
$(BUILD)/tests/test_signatures: $(call obj,services/gateway/claims.c services/activation/receipt.c)
$(BUILD)/tests/test_pages: $(call obj,services/gateway/template.c services/gateway/view.c)
$(BUILD)/tests/test_compose: $(call obj,services/invitations/compose.c)
$(BUILD)/tests/test_requests: $(call obj,services/gateway/credentials.c services/gateway/email.c services/relay/head.c)

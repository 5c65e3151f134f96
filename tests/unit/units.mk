# Pure files of rooms that a unit test links besides the libraries.
$(BUILD)/tests/test_audit: $(BUILD)/obj/services/sweeper/audit.o

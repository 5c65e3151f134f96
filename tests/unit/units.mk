# What unit tests link beside the libraries: helpers for all, and the pure files of a room for the test that names them.
unit_helpers = $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
$(unit_tests): $(call obj,$(unit_helpers))

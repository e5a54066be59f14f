# The checker: one program, with the static probe inside.
#
# SPDX-License-Identifier: MIT

CHECKER_BUILD := ../build/workshop
CHECKER_CFLAGS ?= -std=gnu17 -O2 -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Werror
CHECKER_SOURCES := $(filter-out checker/probe.c,$(wildcard checker/*.c))
CHECKER_OBJECTS := $(CHECKER_SOURCES:checker/%.c=$(CHECKER_BUILD)/%.o)

check-program: $(CHECKER_BUILD)/check

$(CHECKER_BUILD)/check: $(CHECKER_OBJECTS) $(CHECKER_BUILD)/probe.o
	$(CC) -o $@ $^

$(CHECKER_BUILD)/%.o: checker/%.c $(wildcard checker/*.h)
	@mkdir -p $(@D)
	$(CC) $(CHECKER_CFLAGS) -c -o $@ $<

# Static, because the test image holds nothing else; then data of the checker itself.
$(CHECKER_BUILD)/probe: checker/probe.c
	@mkdir -p $(@D)
	$(CC) $(CHECKER_CFLAGS) -Os -static -s -o $@ $<

$(CHECKER_BUILD)/probe.o: $(CHECKER_BUILD)/probe
	cd $(@D) && $(LD) -r -b binary -z noexecstack -o probe.o probe

# The script of this name builds the program on its first use.
check: check-program

.PHONY: check check-program

# The levels: every skeleton compiles as it stands, with the program of the last level.
#
# SPDX-License-Identifier: MIT

LEVEL_CFLAGS ?= -std=gnu17 -O2 -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Werror
LEVELS := $(patsubst levels/%/rd.c,%,$(wildcard levels/[0-9]*/rd.c))
LEVEL_LIB := $(wildcard levels/lib/*.c)

levels: $(LEVELS:%=../build/levels/%/rd)

../build/levels/%/rd: levels/%/rd.c $(LEVEL_LIB) $(LEVEL_LIB:.c=.h)
	@mkdir -p $(@D)
	$(CC) $(LEVEL_CFLAGS) -I levels -o $@ $< $(LEVEL_LIB)

# Skeletons are never edited: they follow from levels/master.
skeletons:
	levels/master/derive.py

.PHONY: levels skeletons

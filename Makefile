# Sampan's Makefile, to be read from top to bottom.
#
#   make            builds build/bin/{sampan,sampan-runtime,sampan-monitor}
#   make run        installs what is missing, builds, makes an image, runs a container
#   make test       installs what the tests need, runs all tests
#   make help       the other targets
#
# The programs on the start path of a container are static and built with musl where there
# is musl-gcc; the helper programs under libexec/ are ordinary dynamic programs with
# libraries (docs/decisions/0002). src/ORDER says which source file is which.

SHELL := /bin/bash
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# make V=1 shows the commands.
Q := $(if $(V),,@)

PREFIX  ?= /usr/local
B       ?= build
ifeq ($(origin CC),default)
CC      := gcc
endif

ARCH_INCLUDE := /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)
MUSL_GCC := $(shell command -v musl-gcc)
ifneq ($(MUSL_GCC),)
START_CC ?= $(MUSL_GCC) -idirafter /usr/include -idirafter $(ARCH_INCLUDE)
else
START_CC ?= $(CC)
endif
START_LDFLAGS ?= -static

WARN    := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Werror
HARDEN  := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
CFLAGS  ?= -O2 -g
FLAGS    = -std=gnu17 -D_GNU_SOURCE -iquote src -iquote $(B)/gen -ffunction-sections \
           -fdata-sections $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP
LDFLAGS ?= -Wl,--gc-sections -Wl,-z,relro,-z,now
LDLIBS  ?= -lm

# src/ORDER: "room/file" is linked everywhere, "room/file heavy" into helper programs only.
# "room/file alone" is linked where a rule names it.
ORDERED := $(shell awk '/^[a-z]/ && $$2 == "" {print $$1}' src/ORDER)
HEAVY   := $(shell awk '/^[a-z]/ && $$2 == "heavy" {print $$1}' src/ORDER)
sources  = $(wildcard $(patsubst %,src/%.c,$(filter-out main/%,$(1))))
START_OBJECTS := $(patsubst src/%.c,$(B)/start/%.o,$(call sources,$(ORDERED)))
HEAVY_OBJECTS := $(patsubst src/%.c,$(B)/heavy/%.o,$(call sources,$(ORDERED) $(HEAVY)))

START_PROGRAMS := $(patsubst src/main/%.c,$(B)/bin/%,$(wildcard \
    src/main/sampan.c src/main/sampan-runtime.c src/main/sampan-monitor.c))
HEAVY_PROGRAMS := $(patsubst src/main/%.c,$(B)/libexec/sampan/%,$(wildcard \
    src/main/sampan-image.c src/main/sampan-registry.c src/main/sampan-systemd.c))
HEAVY_LIBS ?= -lisal -lz -lzstd -lcrypto
$(B)/libexec/sampan/sampan-registry: PROGRAM_LIBS := -lcurl
$(B)/libexec/sampan/sampan-systemd: HEAVY_LIBS := -lsystemd

.PHONY: all
all: $(START_PROGRAMS) $(HEAVY_PROGRAMS)

# Objects of two compilers can't be linked together: musl-gcc may have come after the first try.
$(B)/compilers: always
	@mkdir -p $(@D)
	@echo '$(START_CC); $(CC)' | cmp -s - $@ || echo '$(START_CC); $(CC)' >$@
.PHONY: always

$(B)/start/%.o: src/%.c $(B)/compilers
	@mkdir -p $(@D)
	$(Q)$(START_CC) $(FLAGS) -c $< -o $@

$(B)/heavy/%.o: src/%.c $(B)/compilers
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -fPIE -c $< -o $@

$(B)/start/libsampan.a: $(START_OBJECTS)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/heavy/libsampan.a: $(HEAVY_OBJECTS)
	@rm -f $@
	$(Q)ar rcs $@ $^

# The monitor spends its life in poll(2). With the few functions of the C library that it
# needs there linked first, they share their 64 KiB with its loop: the kernel maps files in
# pieces of that size, and each piece counts as memory of the idle monitor.
$(B)/bin/sampan-monitor: LDFLAGS += -Wl,-u,poll,-u,madvise,-u,getpagesize,-u,close,-u,recvmsg -lc

# A malloc for a program that ends soon (src/base/heap.c): musl lets one bring its own.
ifneq ($(findstring musl,$(START_CC)),)
$(B)/bin/sampan-runtime: $(B)/start/base/heap.o
endif

$(B)/bin/%: $(B)/start/main/%.o $(B)/start/libsampan.a
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(Q)$(START_CC) $(CFLAGS) $(START_LDFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/libexec/sampan/%: $(B)/heavy/main/%.o $(B)/heavy/libsampan.a
	@mkdir -p $(@D)
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) -pie $(LDFLAGS) $^ $(HEAVY_LIBS) $(PROGRAM_LIBS) $(LDLIBS) -o $@

# The default seccomp filter is compiled here, once, by our own compiler.
FILTER_OBJECTS := $(filter $(addprefix $(B)/start/,base/% linux/% oci/% \
    runtime/seccomp_rules.o runtime/seccomp_emit.o runtime/seccomp_compile.o \
    runtime/seccomp_profile.o runtime/seccomp_default.o),$(START_OBJECTS))

$(B)/gen/seccomp-program: tools/seccomp-program.c $(FILTER_OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(START_CC) $(FLAGS) $(START_LDFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/gen/seccomp_program.inc: $(B)/gen/seccomp-program
	$(Q)$< >$@

$(B)/start/runtime/seccomp_prepared.o $(B)/heavy/runtime/seccomp_prepared.o: \
    $(B)/gen/seccomp_program.inc

-include $(START_OBJECTS:.o=.d) $(HEAVY_OBJECTS:.o=.d)

.PHONY: clean
clean:
	rm -rf $(B)

# ---- trying it ----

RUN_ROOT ?= $(B)/run

.PHONY: run
run: setup-run
	@$(MAKE) -s all images-busybox
	@tools/first-run $(B)

.PHONY: setup-run setup-test setup-bench
setup-%:
	@tools/install-packages $(subst -, ,$*)
setup-run: ; @tools/install-packages run
setup-test: ; @tools/install-packages run test
setup-bench: ; @tools/install-packages run bench

# ---- tests ----

# make test STAGES="unit blackbox" runs a part; tests/run --list names them.
.PHONY: test
test: setup-test
	@$(MAKE) -s all
	@SAMPAN_BUILD=$(abspath $(B)) tests/run $(STAGES)

# The same programs with AddressSanitizer and UndefinedBehaviorSanitizer, dynamic.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
.PHONY: sanitize sanitize-build
sanitize-build:
	@$(MAKE) -s B=$(B)/sanitize START_CC=$(CC) START_LDFLAGS= HARDEN= \
	    CFLAGS="-O1 -g $(SANITIZE)" all
sanitize: setup-test
	@SAMPAN_BUILD=$(abspath $(B)) tests/run sanitize

# Twins, links, glossary, figures, and the documented commands with their output.
.PHONY: check-docs
check-docs:
	@workshop/docs/check_docs.py

.PHONY: format lint
C_FILES := $(wildcard src/*/*.[ch] src/*/*/*.[ch] tests/unit/*.h tests/unit/*/*.[ch] tests/bench/*.c \
    tests/fuzz/*.c tests/payload/*.c tools/*.c)
format:
	$(Q)clang-format -i $(C_FILES)
lint: $(B)/gen/seccomp_program.inc
	clang-format --dry-run -Werror $(C_FILES)
	printf '%s\n' $(wildcard src/*/*.c src/*/*/*.c) | xargs -P$(shell nproc) -n8 sh -c \
	    'clang-tidy --quiet "$$@" -- -std=gnu17 -D_GNU_SOURCE -iquote src -iquote $(B)/gen' -

# The other compiler, and the other machine where its compiler is there: no warning from
# either. Heavy files want libraries of that machine, so they are left out for it.
SYNTAX := -fsyntax-only -std=gnu17 -D_GNU_SOURCE -iquote src -iquote $(B)/gen $(WARN)
.PHONY: check-clang check-arm64
check-clang: $(B)/gen/seccomp_program.inc
	printf '%s\n' $(call sources,$(ORDERED) $(HEAVY)) $(wildcard src/main/*.c) | \
	    xargs -P$(shell nproc) -n16 clang $(SYNTAX)
check-arm64: $(B)/gen/seccomp_program.inc
	printf '%s\n' $(call sources,$(ORDERED)) $(wildcard src/main/sampan*.c) | \
	    xargs -P$(shell nproc) -n16 aarch64-linux-gnu-gcc $(SYNTAX)

# ---- installing ----

.PHONY: install uninstall
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/sampan
	install -m 755 $(START_PROGRAMS) $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(HEAVY_PROGRAMS) $(DESTDIR)$(PREFIX)/libexec/sampan/
uninstall:
	rm -f $(patsubst $(B)/%,$(DESTDIR)$(PREFIX)/%,$(START_PROGRAMS) $(HEAVY_PROGRAMS))
	-rmdir $(DESTDIR)$(PREFIX)/libexec/sampan

# Targets that live beside what they build.
-include tests/unit/unit.mk tests/fuzz/fuzz.mk tests/bench/bench.mk tools/images/images.mk

.PHONY: help
help:
	@echo "make            build $(B)/bin/{sampan,sampan-runtime,sampan-monitor}"
	@echo "make run        install what is missing, build, make an image, run a container (root)"
	@echo "make test       install what the tests need and run them all (root)"
	@echo "make images     $(B)/images/busybox.tar and debian.tar"
	@echo "make install    to PREFIX=$(PREFIX) below DESTDIR"
	@echo "make bench      speed, side by side with other engines (root)"
	@echo "make bench-images  pulls, side by side with other engines (root)"
	@echo "make sanitize   the black-box tests with ASan and UBSan (root)"
	@echo "make fuzz       the parsers' fuzzers, FUZZ_SECONDS=10 each"
	@echo "make check-docs  what the documents promise, proved"
	@echo "make format lint clean uninstall"
	@echo "make wheel python-install docs      the Python module (python/)"
	@echo "make -C workshop                    the workshop"

# ---- the Python module: python/Makefile does the work ----

PYTHON ?= /usr/bin/python3
.PHONY: python-build python-install wheel docs
python-build wheel:
	@$(MAKE) -s -C python build PYTHON=$(PYTHON)
# Into the virtual environment that is active, unless PYTHON says another.
python-install: IS_CHOSEN = $(filter-out file,$(origin PYTHON))
python-install:
	@$(MAKE) -s -C python install PYTHON=$(if $(IS_CHOSEN),$(PYTHON),$(if $(VIRTUAL_ENV),$(VIRTUAL_ENV)/bin/python3,$(PYTHON)))
docs:
	@$(MAKE) -s -C python docs PYTHON=$(PYTHON)

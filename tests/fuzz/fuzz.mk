# The fuzzers: one libFuzzer program per parser, each run for FUZZ_SECONDS on small seeds.
# A finding is written to build/fuzz/ and ends the target; its input belongs into a test.
FUZZ_SECONDS  ?= 10
FUZZ_NAMES    := $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZ_PROGRAMS := $(FUZZ_NAMES:%=$(B)/fuzz/fuzz-%)
FUZZ_SOURCES  := $(filter-out src/main/%,$(call sources,$(ORDERED)))

.PHONY: fuzz
fuzz: $(FUZZ_PROGRAMS)
	@rm -rf $(B)/fuzz/seeds && tests/fuzz/seeds.py $(B)/fuzz/seeds
	@passed=0; failed=0; for name in $(FUZZ_NAMES); do \
	    mkdir -p $(B)/fuzz/corpus/$$name $(B)/fuzz/seeds/$$name; \
	    if $(B)/fuzz/fuzz-$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 \
	        -max_len=8192 -artifact_prefix=$(B)/fuzz/$$name- $(B)/fuzz/corpus/$$name \
	        $(B)/fuzz/seeds/$$name >$(B)/fuzz/$$name.log 2>&1; \
	    then passed=$$((passed + 1)); echo "  FUZZ $$name $$(grep -o 'Done .*' $(B)/fuzz/$$name.log)"; \
	    else failed=$$((failed + 1)); tail -40 $(B)/fuzz/$$name.log; fi; done; \
	echo "$$passed passed, $$failed failed, 0 skipped"; test $$failed = 0

# Only what the start path links: no library is needed to fuzz a parser.
$(B)/fuzz/libsampan.a: $(FUZZ_SOURCES) $(wildcard src/*/*.h)
	@mkdir -p $(B)/fuzz/objects
	@rm -f $@ $(B)/fuzz/objects/*.o
	$(Q)for f in $(FUZZ_SOURCES); do o=$${f#src/}; \
	    clang -std=gnu17 -D_GNU_SOURCE -iquote src -iquote $(B)/gen -O1 -g \
	    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
	    -c $$f -o $(B)/fuzz/objects/$${o//\//-}.o || exit 1; done
	$(Q)ar rcs $@ $(B)/fuzz/objects/*.o

$(B)/fuzz/fuzz-%: tests/fuzz/fuzz-%.c $(B)/fuzz/libsampan.a
	$(Q)clang -std=gnu17 -D_GNU_SOURCE -iquote src -O1 -g -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=undefined $^ -o $@

# Speed, side by side. NO_PEERS=1 installs nothing; ROUNDS=20 samples of each command;
# PUBLISH=1 makes the result the README's plot (on a machine that does nothing else).
.PHONY: bench
bench: $(if $(NO_PEERS),,setup-bench)
	@$(MAKE) -s all images-busybox $(addprefix $(B)/bench/,floor filter sample)
	@SAMPAN_BUILD=$(abspath $(B)) python3 tests/bench/bench.py --rounds $(or $(ROUNDS),20)
	@$(if $(PUBLISH),cp $(B)/bench/bench.svg $(B)/bench/bench.json docs/)

$(B)/bench/floor $(B)/bench/filter: $(B)/bench/%: tests/bench/%.c $(B)/start/libsampan.a
	@mkdir -p $(@D)
	$(Q)$(START_CC) $(FLAGS) $(START_LDFLAGS) $(LDFLAGS) $< $(B)/start/libsampan.a $(LDLIBS) -o $@

$(B)/bench/sample: tests/bench/sample.c
	@mkdir -p $(@D)
	$(Q)$(START_CC) $(FLAGS) $(START_LDFLAGS) $(LDFLAGS) $< -o $@

# Pulls, side by side, from a registry on this machine. RUNS=5 of each.
.PHONY: bench-images
bench-images: $(if $(NO_PEERS),,setup-bench)
	@$(MAKE) -s all images
	@SAMPAN_BUILD=$(abspath $(B)) tests/bench/images.py --runs $(or $(RUNS),5)

# Unit tests: tests/unit/<room>/test-<file>.c is one cmocka program beside src/<room>/<file>.c.
# They are built with the ordinary C library and all objects of the project.
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*/test-*.c))

.PHONY: unit unit-programs
unit-programs: $(UNIT_PROGRAMS)
unit: unit-programs
	@SAMPAN_BUILD=$(abspath $(B)) tests/run unit

$(B)/unit/%: tests/unit/%.c $(wildcard tests/unit/*.h tests/unit/*/*.h) $(B)/heavy/libsampan.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -iquote tests/unit -fPIE -pie $(LDFLAGS) $< $(B)/heavy/libsampan.a \
	    -lcmocka $(UNIT_LIBS) $(HEAVY_LIBS) $(LDLIBS) -o $@

# libseccomp is the oracle of our own compiler; nothing else links it.
$(B)/unit/runtime/test-seccomp: UNIT_LIBS += -lseccomp

# Writes the golden transcripts of kernel calls anew (root); read the difference. The one is
# for this machine's cgroups, the other for pure cgroup v2, from a virtual machine.
GOLDEN_TEST := /usr/bin/python3 -m pytest -q -c tests/pytest.ini --rootdir tests \
    tests/engine/test_golden.py -k make_a_container
RUN_IN_VM ?= tests/vm/run-in-vm
.PHONY: golden golden-v2
golden: all images-busybox
	SAMPAN_BUILD=$(abspath $(B)) SAMPAN_GOLDEN=write $(GOLDEN_TEST)

golden-v2: all images-busybox
	@rm -rf $(B)/golden && mkdir -p $(B)/golden/build/images
	@git ls-files -z tests | xargs -0 cp --parents -t $(B)/golden
	@cp -a $(B)/bin $(B)/libexec $(B)/golden/build/
	@cp $(B)/images/busybox.tar $(B)/golden/build/images/
	$(RUN_IN_VM) --cgroup v2 --checkout $(B)/golden --out $(abspath tests/golden) \
	    --env SAMPAN_GOLDEN=write -- sh -c '$(GOLDEN_TEST) && cp tests/golden/*.v2.* $$SAMPAN_VM_OUT'

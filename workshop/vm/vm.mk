# vm.mk - a virtual machine to do the workshop in.
#
#   make -C workshop vm                  a shell in a fresh machine with cgroup v2
#   make -C workshop vm CGROUP=v1        ... or v1, or hybrid
#   make -C workshop vm VM_COMMAND="cd workshop && ./check 03"   run one command instead
#
# The machine shares this tree: what you write there stays, also when it is gone,
# and your editor may run outside. Kernel and packages come from apt, at the first
# use; later ones work offline.
#
# SPDX-License-Identifier: MIT

RUN_IN_VM ?= tests/vm/run-in-vm
CGROUP    ?= v2
VM_COMMAND ?=

vm_packages = $(strip $(shell sed "s/\#.*//" environments/packages))
vm_prepare  = workshop/environments/provision.sh on_boot

vm:
	cd .. && $(RUN_IN_VM) --cgroup $(CGROUP) --systemd --share \
	    --packages "$(vm_packages)" $(if $(VM_COMMAND),,--tty) -- \
	    sh -c '$(vm_prepare) && $(if $(VM_COMMAND),$(VM_COMMAND),cd workshop && exec bash -l)'

# Fetch and build all that the machine needs, before the train leaves.
vm-setup:
	cd .. && $(RUN_IN_VM) --share --packages "$(vm_packages)" --setup

.PHONY: vm vm-setup

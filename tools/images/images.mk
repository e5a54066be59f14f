# images.mk - `make images`: the images that tests, bench and the README's examples use,
# built on the spot from Debian's own packages. Included by the Makefile.

IMAGES := $(B)/images/busybox.tar $(B)/images/debian.tar

.PHONY: images images-busybox images-debian
images: $(IMAGES)
images-busybox: $(B)/images/busybox.tar
images-debian: $(B)/images/debian.tar

$(B)/images/%.tar: tools/images/%.sh tools/images/archive.sh
	@echo "  IMAGE $@"
	$(Q)tools/images/$*.sh $@

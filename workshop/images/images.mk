# The images that the levels start from.
#
# busybox.tar (2 MB, made in a second) is enough for every check. debian.tar has what the
# exercises use besides; ubuntu.tar is the same archive, because the levels' default is
# "ubuntu". Making it needs root, mmdebstrap and Debian's mirror as apt knows it.
#
# SPDX-License-Identifier: MIT

images: images/busybox.tar images/debian.tar images/ubuntu.tar

images/busybox.tar: images/make-busybox images/breakout.c
	images/make-busybox $@

images/debian.tar: images/make-debian images/breakout.c
	images/make-debian $@

images/ubuntu.tar: images/debian.tar
	ln -sf debian.tar $@

.PHONY: images

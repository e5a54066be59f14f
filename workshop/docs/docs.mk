# docs.mk - the prep pages and their checks.
#
#   make -C workshop check-docs   twins, links, glossary, figures, documented commands
#   make -C workshop figures      the Chinese figures, from docs/figures/strings.tsv
#
# SPDX-License-Identifier: MIT

check-docs:
	python3 docs/check_docs.py

figures:
	python3 docs/figures/translate.py

.PHONY: check-docs figures

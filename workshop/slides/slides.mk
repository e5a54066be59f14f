# slides.mk - the slides: one HTML file and one PDF for each language, built offline.
#
#   make -C workshop slides       needs pandoc, weasyprint, fonts-noto-cjk (or fonts-wqy-microhei)
#
# The HTML carries its style, its pictures and its player (DZSlides) within itself:
# open it in any browser, arrow keys turn the pages.
#
# SPDX-License-Identifier: MIT

SLIDES_OUT ?= ../build/slides
slide_names = slides slides.zh-CN
slide_deps  = slides/slides.css slides/slides.mk $(wildcard docs/figures/*.svg)

slides: $(foreach n,$(slide_names),$(SLIDES_OUT)/$n.html $(SLIDES_OUT)/$n.pdf)

# The first line of a translation is its stamp, and no slide. SVG goes in as it is.
$(SLIDES_OUT)/%.html: slides/%.md $(slide_deps)
	@mkdir -p $(@D)
	sed '/^<!-- source:/d' $< | (cd slides && pandoc -f markdown -t dzslides --self-contained \
	    --slide-level=1 --columns=300 --no-highlight --css slides.css -o $(abspath $@))

$(SLIDES_OUT)/%.pdf: $(SLIDES_OUT)/%.html
	weasyprint -q $< $@

clean-slides:
	rm -f $(foreach n,$(slide_names),$(SLIDES_OUT)/$n.html $(SLIDES_OUT)/$n.pdf)

.PHONY: slides clean-slides

"""Tests of the Python module linux; a package, so that its helpers are its own."""

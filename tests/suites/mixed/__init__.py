"""Twenty years of styles in one suite: unittest, xunit, doctest, fixtures, async."""

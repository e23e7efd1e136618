"""The tests of the bookshop."""

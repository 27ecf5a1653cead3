"""Holds an API to what its last release promised; tools/api-freeze tells how to use it."""

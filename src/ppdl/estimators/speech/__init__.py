"""Phones recognised in speech."""

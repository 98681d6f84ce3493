"""Runbooks become resumable runs."""

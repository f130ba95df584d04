"""Labelled rows to findings: who gets to speak, what the outlet vouches for, and how sure we are."""

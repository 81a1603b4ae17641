"""Appraisal of paintings: what a picture is, measures that can be explained, and a score learned by ranking."""

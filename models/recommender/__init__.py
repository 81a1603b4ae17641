"""Recommendation from ratings: what somebody likes, from what others liked, with reasons that are true."""

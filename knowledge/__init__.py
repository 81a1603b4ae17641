"""Customer service over a FAQ: content store, sentence encoder, retrieval channels, fusion and the three bands."""

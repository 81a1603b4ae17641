"""Rasa components for Chinese: characters as tokens, word and sound features, static sentence vectors."""

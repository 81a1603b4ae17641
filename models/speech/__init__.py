"""Mandarin speech: recognition with Whisper, synthesis with Kokoro, each in a process of its own."""

"""What a picture or a video shows, and what kind of picture it is."""

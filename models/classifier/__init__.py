"""Classification of Chinese texts: a convolutional network (TextCNN), its evidence, tags and catalogues."""

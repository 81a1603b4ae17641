"""What the appraisal and the tagging of pictures see with: one pretrained network, from a picture to feature vectors."""

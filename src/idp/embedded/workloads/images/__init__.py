"""Images: from a reference to a folder with the image's files."""

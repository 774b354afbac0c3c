"""Features of images from their patches."""

"""What tasks brought that is more than text: images, audio, documents, results too long to show."""

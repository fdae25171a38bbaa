"""Questions to the documents: the index that answers, the desk, the records."""

"""Words of questions and documents: cut, stemmed, and the names among them."""

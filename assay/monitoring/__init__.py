"""A champion watched: distances, calibrated alarms, estimates, labels, concept drift."""

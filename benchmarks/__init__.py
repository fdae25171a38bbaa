"""Side by side with what a user would pick instead; each writes its table in docs/."""

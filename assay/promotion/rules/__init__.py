"""The gate's rules, one module a subject; each returns a finding a rule."""

"""What descriptions may contain: the core's own rules, and those of whichever plugins are installed."""

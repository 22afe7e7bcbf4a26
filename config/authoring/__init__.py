"""What authors of scripts use: checking, rehearsing, tracing, testing and laying out."""

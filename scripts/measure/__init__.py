"""Speed and memory of canary, beside what somebody would use instead."""

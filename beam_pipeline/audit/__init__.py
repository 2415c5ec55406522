"""Any RL or QA data set through the rules of the pipeline: duplicates, leaks, faulty questions, keys that no reward can check."""

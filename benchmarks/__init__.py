"""How fast it is: measured against peers in the same run, on the same text. Not installed; imports detector and training."""

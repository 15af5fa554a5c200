"""What the loader knows of single models."""

USE_GRAD_IN_INFERENCE = ["takes_gradients"]

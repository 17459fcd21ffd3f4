"""The same network in PyTorch and in Keras, as something to compare with."""

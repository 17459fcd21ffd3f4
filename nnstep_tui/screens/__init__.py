"""The screens: stepping, training, and the small ones on top of them."""

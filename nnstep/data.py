"""Where samples come from: the bundled digits, Keras' data sets, .npz and IDX files, one image file."""

"""The screen of nnstep: draws frames and turns keys into moves; the arithmetic is all in nnstep."""

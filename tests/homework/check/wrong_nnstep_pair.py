# expected: 1:derivative-at-input:dE/dX
import numpy as np
from nnstep import AffineLayer, ActivationLayer, Network


def f(x):
    return np.tanh(x)


def f_prime(x):
    return 1 - x**2


network = Network()
network.add(AffineLayer(4, 3))
network.add(ActivationLayer(f, f_prime))
network.use_loss("mse")

"""A neural network for handwritten digits, with nothing but numpy: homework of a first deep-learning course."""

import numpy as np

rng = np.random.default_rng(1)


class FullyConnectedLayer:
    """Every output is a weighted sum of all inputs, plus a bias."""

    def __init__(self, inputs, outputs):
        limit = np.sqrt(1 / inputs)
        self.weights = rng.uniform(-limit, limit, (inputs, outputs))
        self.bias = np.zeros((1, outputs))

    def forward_propagation(self, input):
        self.input = input
        return self.input @ self.weights + self.bias

    def backward_propagation(self, output_error, learning_rate):
        input_error = output_error @ self.weights.T
        weights_error = self.input.T @ output_error
        bias_error = output_error.sum(axis=0, keepdims=True)
        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * bias_error
        return input_error


class TanhLayer:
    """The hyperbolic tangent of every number."""

    def forward_propagation(self, input):
        self.input = input
        self.output = np.tanh(input)
        return self.output

    def backward_propagation(self, output_error, learning_rate):
        return output_error * (1 - self.output**2)


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


class Network:
    """Layers one after the other."""

    def __init__(self):
        self.layers = []
        self.loss = None
        self.loss_prime = None

    def add(self, layer):
        self.layers.append(layer)

    def use(self, loss, loss_prime):
        self.loss = loss
        self.loss_prime = loss_prime

    def predict(self, samples):
        results = []
        for sample in samples:
            output = sample.reshape(1, -1)
            for layer in self.layers:
                output = layer.forward_propagation(output)
            results.append(output)
        return np.concatenate(results)

    def fit(self, x_train, y_train, epochs, learning_rate):
        for epoch in range(epochs):
            error = 0
            for x, y in zip(x_train, y_train):
                output = x.reshape(1, -1)
                for layer in self.layers:
                    output = layer.forward_propagation(output)
                target = y.reshape(1, -1)
                error += self.loss(target, output)
                gradient = self.loss_prime(target, output)
                for layer in reversed(self.layers):
                    gradient = layer.backward_propagation(gradient, learning_rate)
            print(f"epoch {epoch + 1}/{epochs}   error={error / len(x_train):.6f}")


network = Network()
network.add(FullyConnectedLayer(28 * 28, 64))
network.add(TanhLayer())
network.add(FullyConnectedLayer(64, 10))
network.add(TanhLayer())
network.use(mse, mse_prime)


if __name__ == "__main__":
    from pathlib import Path

    digits = np.load(Path(__file__).parent / "digits.npz")
    x_train, y_train = digits["x_train"] / 255, np.eye(10)[digits["y_train"]]
    x_test, y_test = digits["x_test"] / 255, digits["y_test"]
    network.fit(x_train, y_train, epochs=5, learning_rate=0.1)
    right = np.sum(network.predict(x_test).argmax(axis=1) == y_test)
    print(f"{right} of {len(x_test)} test digits are right")

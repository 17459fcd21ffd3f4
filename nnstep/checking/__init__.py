"""Gradient and contract checks of layers, whoever wrote them, that say in words what is wrong."""

"""Alarms about a homework: weights that are never updated are found, and an alarm points into the student's file."""

import json
from pathlib import Path

import pytest

from nnstep.adapting import HomeworkStack
from nnstep.alarms.monitor import Monitor
from nnstep.data import load_data
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.homework import load_homework
from nnstep.settings import Settings
from nnstep.timeline import Timeline
from nnstep.training import Trainer

HOMEWORK = """\
import numpy as np

class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).uniform(-1, 1, (n, m)) / np.sqrt(n)
        self.b = np.zeros((1, m))
        self.gathered, self.calls = np.zeros((n, m)), 0
    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b
    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.W.T
        UPDATE
        return dE_dX

class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y
    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (1 - self.Y ** 2)

layers = [Dense(784, 16), Tanh(), Dense(16, 10), Tanh()]
"""
RIGHT = "self.W -= learning_rate * self.X.T @ dE_dY; self.b -= learning_rate * dE_dY"
GATHERED = """self.gathered += self.X.T @ dE_dY
        self.calls += 1
        if self.calls % 16 == 0:
            self.W -= learning_rate * self.gathered / 4
            self.gathered[...] = 0"""
IDLE = {
    "a copy is updated": "W = self.W.copy(); W -= learning_rate * self.X.T @ dE_dY; self.b -= learning_rate * dE_dY",
    "only the bias is updated": "self.b -= learning_rate * dE_dY",
    "nothing is updated": "pass",
}


def timeline_of(path: Path, text: str) -> tuple[Timeline, Monitor]:
    path.write_text(text)
    data = load_data("samples", 400, 10)
    stack = HomeworkStack(load_homework(str(path)), data)
    timeline = Timeline(stack, data.train, choose_engine("auto", stack), Settings(0.1))
    monitor = Monitor(stack, data.train)
    trainer = Trainer(stack, data.train, timeline.engine, Settings(0.1), timeline=timeline, monitor=monitor)
    list(trainer.run(1))
    return timeline, monitor


@pytest.mark.parametrize("kind", IDLE)
def test_weights_that_are_never_updated_are_found(kind: str, tmp_path: Path) -> None:
    timeline, monitor = timeline_of(tmp_path / "hw.py", HOMEWORK.replace("UPDATE", IDLE[kind]))
    alarm = monitor.alarms[0]
    assert (alarm.id, alarm.name, alarm.layer, alarm.step) == ("parameters-unchanged", "Dense 1", 0, 10)
    assert alarm.sentence == "Several updates left every number of W of Dense 1 as it was."
    assert alarm.evidence.startswith("W of Dense 1 is the same to the last bit after ")
    assert alarm.position.sample < 400
    debugger = Debugger(timeline)
    debugger.go_to_alarm(alarm)
    assert debugger.frame.step.name == "Dense 1" and debugger.frame.step.phase == "backward"


@pytest.mark.parametrize("update", [RIGHT, GATHERED], ids=["each sample", "every 16 samples"])
def test_weights_that_are_updated_now_and_then_are_not_idle(update: str, tmp_path: Path) -> None:
    _, monitor = timeline_of(tmp_path / "hw.py", HOMEWORK.replace("UPDATE", update))
    assert monitor.alarms == []


def test_an_alarm_points_into_the_students_file_and_names_no_option_of_ours(tmp_path: Path) -> None:
    text = HOMEWORK.replace("UPDATE", RIGHT).replace("uniform(-1, 1", "uniform(0, 3")
    _, monitor = timeline_of(tmp_path / "hw.py", text)
    found = {alarm.id: alarm for alarm in monitor.alarms}
    lines = text.splitlines()
    tanh, dense = found["saturation"], found["vanishing"]
    assert tanh.file == dense.file == str(tmp_path / "hw.py")
    assert (tanh.line, dense.line) == (lines.index("class Tanh:") + 2, lines.index("class Dense:") + 9)
    assert tanh.option in ("", "--learning-rate 0.1") and dense.option == ""


def test_an_alarm_about_a_notebook_names_the_cell(tmp_path: Path) -> None:
    cells = HOMEWORK.replace("UPDATE", "pass").split("\n\n")
    notebook = {
        "cells": [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    _, monitor = timeline_of(tmp_path / "hw.ipynb", json.dumps(notebook))
    alarm = monitor.alarms[0]
    assert alarm.file == f"{tmp_path / 'hw.ipynb'}, cell 2" and alarm.line == 9
    assert alarm.code == f"{tmp_path / 'hw.ipynb'}, cell 2:9"

"""Rules that watch a training run and say where it is sick: `monitor.Monitor` raises an `alarm.Alarm` each."""

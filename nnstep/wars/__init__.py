"""Network wars: a contest of many networks on the same digits, and its leaderboard."""

"""Effects of programmes on indicators: from frames to frames.

Here belong who is compared with whom, when an effect is told and when it is refused, and how both are put in words.
The estimator itself is a library's (diff-diff). Not here: reading uploads, indicators or declarations, dbt, and the
network.
"""

"""The benchmark: the upstream alone, a minimal Chainlit app and Keiko, side by side.

`./keiko bench` (or `python -m tests.bench`) starts each system, sends the same message from
1 to 1,000 real socket clients at the same pace, and prints one table.
"""

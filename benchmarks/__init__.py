"""The scripts behind the figures in the README."""

"""The controllers of this area, one file each."""

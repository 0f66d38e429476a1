"""Tests mirror the tree; fakes stand in for the world, mocks for nothing."""

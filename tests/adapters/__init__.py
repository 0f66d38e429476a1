"""The adapters against fakes of what they adapt."""

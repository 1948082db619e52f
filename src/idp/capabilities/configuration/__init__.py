"""Configuration: values per environment, validated, delivered as files and variables."""

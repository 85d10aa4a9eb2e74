"""The widgets of the console: each paints one view and does nothing else."""

"""The app on a terminal: screens over `mlops_tui.session`. No logic: values in, keys out."""

"""The main job shown with real sockets on one machine."""

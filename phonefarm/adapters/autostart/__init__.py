"""Starting phonefarm without the user: the window at login, and `serve` as a service of the user."""

"""One module a family of commands, imported only when a command of it is called."""

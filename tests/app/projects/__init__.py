"""Host projects that need settings, and so a process, of their own."""

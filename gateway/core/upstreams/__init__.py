"""The APIs behind: connections, which address is asked, and when none is."""

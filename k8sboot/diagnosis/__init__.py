"""From what hosts say of themselves after a failure to its cause and cure. Pure: no connection in here."""

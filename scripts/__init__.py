"""The script language and the durable engine that runs it."""

"""Times as operators need them: to the second, in UTC, sortable."""

DATETIME_FORMAT = "Y-m-d H:i:s"
DATE_FORMAT = "Y-m-d"

"""Time stamps (RFC 3161), verified offline."""

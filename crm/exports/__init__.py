"""Lists: whom marketing may write to, who is suppressed and why, and a receipt of who took what."""

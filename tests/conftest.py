"""Interrupts reach the tests, also where a shell started them in the background, with SIGINT ignored."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)

"""interrupted.py PROGRAM ARGUMENT…: answers the first question for a passphrase with Ctrl-C, in a terminal of its own, and prints
whether that terminal shows what is typed before the question, during it, and after the program has ended."""
import fcntl
import os
import pty
import select
import sys
import termios

master, slave = pty.openpty()


def shows():
    return bool(termios.tcgetattr(slave)[3] & termios.ECHO)


before = shows()
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for stream in (0, 1, 2):
        os.dup2(slave, stream)
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while b"assphrase" not in said or shows():
    # The words come first and the terminal falls silent after them, or the other way round: both are waited for.
    if select.select([master], [], [], 0.02)[0]:
        said += os.read(master, 4096)
during = shows()
os.write(master, b"typed\x03")
status = os.waitpid(child, 0)[1]
print(before, during, shows(), os.WTERMSIG(status) if os.WIFSIGNALED(status) else "ended")

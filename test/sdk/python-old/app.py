# Burns CPU in a function of a known name under known labels, profiled by pyroscope-io as it was before version 1.
import os
import time

import pyroscope


def burn_old_python_cpu(seconds):
    # CPU time, not time on the clock: the machine may be busy.
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(i * i for i in range(1000))


pyroscope.configure(application_name="sdk.python.old", server_address=os.environ["SERVER"], tags={"env": "test"})
with pyroscope.tag_wrapper({"step": "one"}):
    burn_old_python_cpu(13)
pyroscope.shutdown()

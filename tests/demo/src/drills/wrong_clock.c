/* Shows one program another wall clock than the machine's, WRONG_CLOCK_SECONDS ahead of it: loaded before the C library. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t which, struct timespec *now) {
    int said = (int)syscall(SYS_clock_gettime, which, now);
    const char *ahead = getenv("WRONG_CLOCK_SECONDS");
    if (said == 0 && which == CLOCK_REALTIME && ahead != NULL) {
        now->tv_sec += atoll(ahead);
    }
    return said;
}

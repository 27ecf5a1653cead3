#include "CProgramStart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

// The Swift runtime's own, for whoever knows the arguments better than it does (stdlib's CommandLine.cpp).
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **values, int count);

// glibc hands main's arguments to constructors as well. Swift's own way is to read /proc/self/cmdline, which finds
// nothing where /proc is not mounted: the program would then run with defaults instead of what it was told.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    if (count > 0 && values != NULL) _swift_stdlib_overrideUnsafeArgvArgc(values, count);
}

void telehealth_open_standard_streams(void) {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        // The lowest free number is taken, and those below this one are open by now.
        if (fcntl(stream, F_GETFD) == -1 && errno == EBADF) (void)open("/dev/null", O_RDWR);
    }
}

void telehealth_buffer_output_by_line(void) {
    // Lines of up to this size leave in one write, and are never seen half.
    static char buffer[64 << 10];
    setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
}

int telehealth_hide_memory(void) {
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return errno;
    // The limit alone does not keep a core from a program that the kernel pipes cores to (core(5)).
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno;
    return 0;
}
